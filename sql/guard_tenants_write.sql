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
INSERT INTO orders VALUES (11, 'again', 1) ON CONFLICT (org_id, id) DO UPDATE SET note = excluded.note;
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
-- By a path.
INSERT INTO lines VALUES (1, 11);
INSERT INTO lines VALUES (2, 1);
UPDATE lines SET order_id = 1 WHERE id = 1;
UPDATE lines SET body = 'b' WHERE id = 1;
-- COPY and TRUNCATE.
COPY orders (id, org_id) FROM STDIN;
200	1
\.
TRUNCATE lines;
\echo :LAST_ERROR_SQLSTATE
-- What was written.
SELECT org_id, count(*), array_agg(id ORDER BY id) FILTER (WHERE id > 10) FROM orders GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM lines;
-- warn: all of it, and how much.
SET rlsproof.rule_tenant_write = warn;
INSERT INTO orders (org_id, id) SELECT 1 + g % 2, g FROM generate_series(301, 310) g;
UPDATE orders SET org_id = 2 WHERE id > 305;
-- Several tenants of one session; none.
SELECT rlsproof.tenancy('guard_tw.orders', 'org_id', 'setting:app.orgs[]', 'null');
SET app.orgs = '{1,2}';
INSERT INTO orders VALUES (401, 'a', 1), (402, 'b', 2), (403, 'shared', NULL);
INSERT INTO orders VALUES (404, 'c', 3);
SELECT rlsproof.tenancy('guard_tw.orders', 'org_id');
INSERT INTO orders VALUES (501, 'a', 1), (502, 'b', 2);
SET rlsproof.rule_tenant_write = off;
DELETE FROM rlsproof.tenancies;
DROP SCHEMA guard_tw CASCADE;
