-- tenant_write: rows that are put in for another tenant than the session's.
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA guard_tw;
SET search_path = guard_tw;
CREATE TABLE orders (id int PRIMARY KEY, note text, org_id int DEFAULT current_setting('app.org')::int, UNIQUE (org_id, id));
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders, body text);
CREATE TABLE events (org_id int, id int, kind text) PARTITION BY LIST (org_id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_2 (kind text, gone int, id int, org_id int);
ALTER TABLE events_2 DROP COLUMN gone;
ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES IN (2, 3);
SET app.org = '1';
SELECT rlsproof.tenancy('guard_tw.*', 'org_id', 'setting:app.org');
SELECT rlsproof.tenancy('guard_tw.lines', 'order_id -> guard_tw.orders.org_id', 'setting:app.org');
INSERT INTO orders SELECT g, 'n', 1 + g % 2 FROM generate_series(1, 10) g;
INSERT INTO events SELECT 1 + g % 3, g, 'k' FROM generate_series(1, 9) g;

SET rlsproof.rule_tenant_write = error;
-- INSERT.
INSERT INTO orders VALUES (11, 'own', 1);
INSERT INTO orders (id) VALUES (12);
INSERT INTO orders VALUES (13, 'other', 2);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO orders VALUES (13, 'nobody''s', NULL);
INSERT INTO orders (org_id, id) SELECT 1, g FROM generate_series(20, 22) g;
INSERT INTO orders (org_id, id) SELECT g, g FROM generate_series(1, 40) g WHERE g > 29 OR g = 1 ORDER BY 1;
INSERT INTO events VALUES (1, 100, 'k');
INSERT INTO events VALUES (3, 100, 'k');
INSERT INTO events_2 VALUES ('k', 100, 2);
WITH added AS (INSERT INTO orders VALUES (14, 'x', 2) RETURNING id) SELECT * FROM added;
PREPARE put(int, int) AS INSERT INTO orders (id, org_id) VALUES ($1, $2);
EXECUTE put(15, 1);
EXECUTE put(16, 2);
-- ON CONFLICT: the row in the way may be anybody's.
INSERT INTO orders VALUES (11, 'again', 1) ON CONFLICT DO NOTHING;
INSERT INTO orders VALUES (2, 'mine', 1) ON CONFLICT (id) DO UPDATE SET note = excluded.note;
INSERT INTO orders VALUES (1, 'theirs', 1) ON CONFLICT (id) DO UPDATE SET note = excluded.note;
INSERT INTO orders VALUES (1, 'theirs', 1) ON CONFLICT (id) DO UPDATE SET note = excluded.note WHERE orders.org_id = 1;
INSERT INTO orders VALUES (2, 'mine', 1), (4, 'mine', 1), (3, 'theirs', 1) ON CONFLICT (id) DO UPDATE SET note = excluded.note;
INSERT INTO orders VALUES (2, 'mine', 1) ON CONFLICT (id) DO UPDATE SET org_id = orders.id;
INSERT INTO orders VALUES (11, 'again', 1) ON CONFLICT (org_id, id) DO UPDATE SET note = excluded.note;
-- Partitions make their rows when the first one comes: not to be seen before.
ALTER TABLE events ADD UNIQUE (org_id, id), ADD COLUMN n int GENERATED ALWAYS AS (1) STORED;
INSERT INTO events VALUES (1, 2, 'k') ON CONFLICT (org_id, id) DO UPDATE SET kind = 'x';
INSERT INTO events VALUES (1, 3, 'k') ON CONFLICT (org_id, id) DO UPDATE SET org_id = 2;
INSERT INTO orders VALUES (11, 'again', 1) ON CONFLICT (org_id, id) DO UPDATE SET org_id = 2;
-- UPDATE: a row that is moved.
UPDATE orders SET note = 'changed' WHERE id = 11;
UPDATE orders SET org_id = 2 WHERE id = 11;
UPDATE orders SET org_id = 1 WHERE id = 11;
UPDATE orders SET org_id = org_id + 1 WHERE id > 10;
UPDATE events SET org_id = 2 WHERE id = 100;
UPDATE events SET kind = 'x', org_id = 1 WHERE org_id = 1;
-- MERGE.
MERGE INTO orders o USING (VALUES (11), (90)) v(id) ON o.id = v.id AND o.org_id = 1
    WHEN MATCHED THEN UPDATE SET note = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'm', current_setting('app.org')::int);
MERGE INTO orders o USING (VALUES (91, 2)) v(id, org) ON o.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'm', v.org);
MERGE INTO orders o USING (VALUES (11)) v(id) ON o.id = v.id WHEN MATCHED THEN UPDATE SET org_id = 2;
MERGE INTO orders o USING (VALUES (90)) v(id) ON o.id = v.id WHEN MATCHED THEN DELETE;
MERGE INTO orders o USING (VALUES (11, 1), (92, 1), (93, 2)) v(id, org) ON o.id = v.id
    WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (id, org_id) VALUES (v.id, v.org);
MERGE INTO orders o USING (VALUES (11, 1), (92, 1)) v(id, org) ON o.id = v.id
    WHEN MATCHED AND v.id = 11 THEN UPDATE SET org_id = v.org, note = 'both'
    WHEN NOT MATCHED THEN INSERT (note, id) VALUES ('by default', v.id);
MERGE INTO events e USING (VALUES (1, 700), (3, 700)) v(org, id) ON e.id = v.id
    WHEN NOT MATCHED AND v.org = 1 THEN INSERT (id, org_id) VALUES (v.id, v.org);
MERGE INTO events e USING (VALUES (1, 701), (3, 701)) v(org, id) ON e.id = v.id
    WHEN NOT MATCHED THEN INSERT (id, org_id) VALUES (v.id, v.org);
MERGE INTO events e USING (VALUES (1, 700)) v(org, id) ON e.id = v.id AND e.org_id = v.org
    WHEN MATCHED THEN UPDATE SET org_id = 2;
MERGE INTO events e USING (VALUES (2, 700)) v(org, id) ON e.id = v.id
    WHEN MATCHED THEN UPDATE SET kind = 'merged', org_id = e.org_id;
PREPARE merges(int, int) AS MERGE INTO orders o USING (VALUES ($1, $2)) v(id, org) ON o.id = v.id
    WHEN NOT MATCHED THEN INSERT (id, org_id) VALUES (v.id, v.org) WHEN MATCHED THEN UPDATE SET org_id = v.org;
EXECUTE merges(94, 1);
EXECUTE merges(94, 2);
EXECUTE merges(95, 2);
DEALLOCATE merges;
SET jit = on;
SET jit_above_cost = 0;
MERGE INTO orders o USING (SELECT g, 1 + g / 120 FROM generate_series(100, 130) g) v(id, org) ON o.id = v.id
    WHEN NOT MATCHED THEN INSERT (id, org_id) VALUES (v.id, v.org);
RESET jit;
RESET jit_above_cost;
-- By a path.
INSERT INTO lines VALUES (1, 11);
INSERT INTO lines VALUES (2, 1);
UPDATE lines SET order_id = 1 WHERE id = 1;
UPDATE lines SET body = 'b' WHERE id = 1;
MERGE INTO lines l USING (VALUES (3, 11), (4, 1)) v(id, o) ON l.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.o);
-- COPY and TRUNCATE.
COPY orders (id, org_id) FROM STDIN;
200	1
201	1
\.
COPY orders (id, org_id) FROM STDIN;
202	1
203	2
204	1
\.
COPY orders (id) FROM STDIN;
205
\.
COPY orders (id, org_id) FROM STDIN WHERE org_id = 1;
206	1
207	2
\.
COPY orders (id, org_id) FROM STDIN WHERE id > 300 OR org_id = 2;
208	1
209	2
\.
COPY orders (id, org_id) FROM STDIN;
210	\N
\.
COPY events (id, org_id) FROM STDIN;
800	1
801	3
\.
COPY events_2 (id, org_id) FROM STDIN;
802	2
\.
COPY lines (id, order_id) FROM STDIN;
30	11
\.
COPY lines (id, order_id) FROM STDIN;
31	11
32	1
\.
-- In a trigger of a COPY there is another statement, with eyes of its own.
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO lines VALUES (new.id, new.id); PERFORM rlsproof.copied('x'::text); RETURN NULL; END $$;
CREATE TRIGGER follow AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION follow();
COPY orders (id, org_id) FROM STDIN;
211	1
\.
DROP TRIGGER follow ON orders;
SELECT rlsproof.copied(2), rlsproof.copied(NULL::text);
-- Who may only insert, and who may not call the function.
CREATE ROLE regress_copies;
GRANT USAGE ON SCHEMA guard_tw TO regress_copies;
GRANT INSERT ON orders TO regress_copies;
SET ROLE regress_copies;
COPY orders (id, org_id) FROM STDIN;
212	1
\.
COPY orders (id, org_id) FROM STDIN;
213	2
\.
RESET ROLE;
REVOKE EXECUTE ON FUNCTION rlsproof.copied("any") FROM PUBLIC;
SET ROLE regress_copies;
COPY orders (id, org_id) FROM STDIN;
214	1
\.
RESET ROLE;
GRANT EXECUTE ON FUNCTION rlsproof.copied("any") TO PUBLIC;
DROP OWNED BY regress_copies;
DROP ROLE regress_copies;
-- A tenant that is computed when the row is made.
CREATE TABLE made (id int, org_id int GENERATED ALWAYS AS (id % 2 + 1) STORED);
INSERT INTO made VALUES (1);
COPY made (id) FROM STDIN;
1
\.
MERGE INTO made m USING (VALUES (1)) v(id) ON false WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id);
TRUNCATE lines;
\echo :LAST_ERROR_SQLSTATE
-- What was written.
SELECT org_id, count(*), array_agg(id ORDER BY id) FILTER (WHERE id > 10) FROM orders GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM lines;
-- warn: all of it, and how much.
SET rlsproof.rule_tenant_write = warn;
INSERT INTO orders (org_id, id) SELECT 1 + g % 2, g FROM generate_series(301, 310) g;
UPDATE orders SET org_id = 2 WHERE id > 305;
COPY orders (id, org_id) FROM STDIN;
311	1
312	2
313	2
\.
MERGE INTO orders o USING (SELECT g, 1 + g % 2 FROM generate_series(311, 320) g) v(id, org) ON o.id = v.id
    WHEN NOT MATCHED THEN INSERT (id, org_id) VALUES (v.id, v.org) WHEN MATCHED THEN UPDATE SET org_id = 2;
INSERT INTO orders SELECT g, 'x', 1 FROM generate_series(311, 320) g ON CONFLICT (id) DO UPDATE SET note = 'y';
-- A session whose tenant cannot be told writes nobody knows whose rows; one without a tenant is tenant_unset's affair.
SET app.org = 'nonsense';
INSERT INTO orders VALUES (390, 'x', 1);
MERGE INTO orders o USING (VALUES (391, 1)) v(id, org) ON o.id = v.id WHEN NOT MATCHED THEN INSERT (id, org_id) VALUES (v.id, v.org);
COPY orders (id, org_id) FROM STDIN;
392	1
\.
SET app.org = '';
INSERT INTO orders VALUES (393, 'x', 1);
SET app.org = '1';
-- Several tenants of one session; none.
SELECT rlsproof.tenancy('guard_tw.orders', 'org_id', 'setting:app.orgs[]', 'null');
SET app.orgs = '{1,2}';
INSERT INTO orders VALUES (401, 'a', 1), (402, 'b', 2), (403, 'shared', NULL);
INSERT INTO orders VALUES (404, 'c', 3);
SELECT rlsproof.tenancy('guard_tw.orders', 'org_id');
INSERT INTO orders VALUES (501, 'a', 1), (502, 'b', 2);
-- What a trigger makes of a row before it is stored is what counts: it may fill in the tenant, or change it.
SET rlsproof.rule_tenant_write = error;
CREATE TABLE filled (id int PRIMARY KEY, org_id int, note text);
CREATE TABLE moved (id int PRIMARY KEY, org_id int, note text);
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.org_id := current_setting('app.org')::int; RETURN NEW; END$$;
CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.org_id := 2; RETURN NEW; END$$;
CREATE TRIGGER fill BEFORE INSERT ON filled FOR EACH ROW EXECUTE FUNCTION fill();
CREATE TRIGGER move BEFORE INSERT OR UPDATE ON moved FOR EACH ROW EXECUTE FUNCTION move();
SELECT rlsproof.tenancy('guard_tw.filled', 'org_id', 'setting:app.org'), rlsproof.tenancy('guard_tw.moved', 'org_id', 'setting:app.org');
INSERT INTO filled (id, note) VALUES (1, 'a'), (2, 'b') RETURNING org_id;
WITH new AS (INSERT INTO filled (id) SELECT g FROM generate_series(3, 6) g RETURNING org_id) SELECT DISTINCT org_id FROM new;
INSERT INTO filled (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'c' RETURNING org_id;
INSERT INTO moved VALUES (1, 1, 'a');
ALTER TABLE moved DISABLE TRIGGER move;
INSERT INTO moved VALUES (1, 1, 'a');
ALTER TABLE moved ENABLE TRIGGER move;
UPDATE moved SET note = 'b';
PREPARE again(text) AS UPDATE moved SET note = $1;
EXECUTE again('c');
ALTER TABLE moved ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE ROLE guard_tw_writer;
GRANT USAGE ON SCHEMA guard_tw TO guard_tw_writer;
GRANT ALL ON moved TO guard_tw_writer;
CREATE POLICY below ON moved USING (true) WITH CHECK (id < 100);
SET ROLE guard_tw_writer;
UPDATE moved SET note = 'd';
UPDATE moved SET id = 100;
RESET ROLE;
SET rlsproof.rule_tenant_write = off;
EXECUTE again('c');
SELECT note, org_id FROM moved;
DELETE FROM rlsproof.tenancies;
SET client_min_messages = error;
DROP SCHEMA guard_tw CASCADE;
DROP ROLE guard_tw_writer;
