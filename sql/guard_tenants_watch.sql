-- The tenant rules by what is read, where the plan does not prove it: tenant_mixed, and tenant_mismatch once more.
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA guard_watch;
SET search_path = guard_watch;
CREATE TABLE orders (id int PRIMARY KEY, org_id int, person_id int, status text, is_template bool DEFAULT false) WITH (autovacuum_enabled = off);
CREATE INDEX ON orders (org_id, id);
CREATE INDEX by_status ON orders (status);
CREATE TABLE customers (id int PRIMARY KEY, org_id int, name text);
CREATE TABLE memberships (org_id int, person_id int);
CREATE TABLE plain (id int PRIMARY KEY, note text);
-- Ids 1 to 100 are of tenant 1, the next hundred of tenant 2, the last of tenant 3.
INSERT INTO orders SELECT g, 1 + (g - 1) / 100, 1 + g % 5, 's' || g % 10 FROM generate_series(1, 300) g;
INSERT INTO customers SELECT g, 1 + g % 3, 'c' || g FROM generate_series(1, 9) g;
INSERT INTO memberships VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO plain SELECT g, 'n' FROM generate_series(1, 10) g;
VACUUM ANALYZE orders, customers, memberships, plain;
SELECT rlsproof.tenancy('guard_watch.*', 'org_id', 'setting:app.org');
SELECT rlsproof.tenancy('guard_watch.memberships', 'none');

-- Several tenants in one statement, whatever it selects of them.
SET rlsproof.rule_tenant_mixed = warn;
SELECT count(*) FROM orders;
SELECT count(*) FROM orders WHERE id <= 100;
SELECT count(*) FROM orders WHERE id <= 101;
SELECT status FROM orders WHERE id IN (100, 101) ORDER BY id;
SELECT status FROM orders WHERE id = 100;
SELECT count(*) FROM orders WHERE org_id IN (1, 2);
SELECT count(*) FROM orders WHERE org_id IN (1, 9);
SELECT count(*) FROM orders WHERE org_id = 1;
SELECT count(*) FROM plain;
SELECT count(*) FROM orders WHERE false;
UPDATE orders SET status = 's' || id % 10 WHERE id IN (1, 299);
WITH changed AS (UPDATE orders SET status = status WHERE id > 198 AND id < 203 RETURNING 1) SELECT count(*) FROM changed;
-- Over two tables.
SELECT count(*) FROM (SELECT id FROM orders WHERE id = 1 UNION ALL SELECT id FROM customers WHERE id = 1) u;
-- Each scan held to one tenant, and not to the same: rows of both are a mixture, where there are some.
CREATE TABLE wide (id int, org_id bigint);
INSERT INTO wide SELECT g * 50, 1 + (g - 1) / 2 FROM generate_series(1, 6) g;
SELECT count(*) FROM (SELECT id FROM orders WHERE org_id = 1 UNION ALL SELECT id FROM orders WHERE org_id = 2) u;
SELECT count(*) FROM (SELECT id FROM orders WHERE org_id = 1 UNION ALL SELECT id FROM orders WHERE org_id = 99) u;
SELECT count(*) FROM (SELECT id FROM orders WHERE org_id = 1 UNION ALL SELECT id FROM orders WHERE org_id = 1) u;
SELECT count(*) FROM orders o, customers c WHERE o.org_id = 1 AND c.org_id = 2 AND o.person_id = c.id;
SELECT count(*) FROM orders o, wide w WHERE o.org_id = 1 AND w.org_id = 1 AND o.id = w.id;
SELECT count(*) FROM orders o, wide w WHERE o.org_id = 1 AND w.org_id = 2 AND o.id = w.id - 100;
UPDATE wide SET id = id WHERE org_id = 1 AND id > (SELECT min(id) FROM customers WHERE org_id = 2);
-- What nobody reads of a WITH is done when all the rest is through.
WITH one AS (UPDATE wide SET id = id WHERE org_id = 1 RETURNING 1) UPDATE wide SET id = id WHERE org_id = 2;
WITH one AS (UPDATE wide SET id = id) SELECT 1;
SET plan_cache_mode = force_generic_plan;
PREPARE two(int, int) AS SELECT count(*) FROM (SELECT id FROM orders WHERE org_id = $1 UNION ALL SELECT id FROM orders WHERE org_id = $2) u;
EXECUTE two(2, 2);
EXECUTE two(2, 3);
DEALLOCATE two;
RESET plan_cache_mode;
DROP TABLE wide;
-- Every kind of scan.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM orders WHERE status = 's1';
SELECT count(person_id) FROM orders WHERE status = 's1';
EXPLAIN (COSTS OFF) SELECT id FROM orders WHERE org_id > 1 ORDER BY org_id, id;
SELECT count(*) FROM (SELECT id FROM orders WHERE org_id > 1 ORDER BY org_id, id) o;
-- An index that lacks the column would hide it, so the table is read.
EXPLAIN (COSTS OFF) SELECT id FROM orders WHERE id > 99 ORDER BY id;
SELECT count(*) FROM (SELECT id FROM orders WHERE id > 99 ORDER BY id) o;
SELECT min(id), max(id) FROM orders;
RESET enable_bitmapscan;
SET enable_indexscan = off;
SET enable_indexonlyscan = off;
EXPLAIN (COSTS OFF) SELECT person_id FROM orders WHERE status = 's1';
SELECT count(person_id) FROM orders WHERE status = 's1';
RESET enable_seqscan;
RESET enable_indexscan;
RESET enable_indexonlyscan;
SELECT count(*) FROM orders WHERE ctid < '(1,10)';
SELECT count(*) FROM orders WHERE ctid IN ('(0,5)', '(1,5)');
SELECT count(*) > 0 FROM orders TABLESAMPLE system (100);
-- A plan of an index alone that was made before anybody declared its table cannot be seen through.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
PREPARE blind AS SELECT count(*) FROM plain WHERE id > 3;
EXECUTE blind;
SELECT rlsproof.tenancy('guard_watch.plain', 'note');
EXECUTE blind;
SET rlsproof.rule_tenant_mixed = error;
EXECUTE blind;
DEALLOCATE blind;
SELECT count(*) FROM plain WHERE id > 3;
SET rlsproof.rule_tenant_mixed = warn;
RESET enable_seqscan;
RESET enable_bitmapscan;
DELETE FROM rlsproof.tenancies WHERE relation = 'guard_watch.plain';

-- Joins by the tenant: what the other table says is what counts, however the plan goes about it.
SET enable_hashjoin = off; SET enable_mergejoin = off;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.person_id = 1;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.person_id = 2;
SET enable_nestloop = off; SET enable_hashjoin = on;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.person_id = 1;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.person_id = 2;
SET enable_hashjoin = off; SET enable_mergejoin = on;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.person_id = 1;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.person_id = 2;
RESET enable_nestloop; RESET enable_hashjoin;
SELECT count(*) FROM orders WHERE org_id IN (SELECT org_id FROM memberships WHERE person_id = 2);
SELECT count(*) FROM orders WHERE org_id IN (SELECT org_id FROM memberships WHERE person_id = 1);
SELECT count(*) FROM orders WHERE org_id = ANY (ARRAY(SELECT org_id FROM memberships WHERE person_id = 2));
SELECT count(*) FROM orders WHERE org_id = (SELECT org_id FROM memberships WHERE person_id = 2);
-- The side of an outer join that is kept whole is read whole.
SELECT count(*) FROM orders o LEFT JOIN memberships m ON m.org_id = o.org_id AND m.person_id = 2;
SELECT count(*) FROM memberships m LEFT JOIN orders o ON m.org_id = o.org_id WHERE m.person_id = 2;

-- Of another tenant than the session's.
SET rlsproof.rule_tenant_mixed = off;
SET rlsproof.rule_tenant_mismatch = warn;
SELECT count(*) FROM orders WHERE id = 150;
SET app.org = '1';
SELECT count(*) FROM orders WHERE id = 50;
SELECT count(*) FROM orders WHERE id = 150;
SELECT count(*) FROM orders WHERE id BETWEEN 50 AND 150;
SELECT count(*) FROM orders WHERE org_id = (SELECT org_id FROM memberships WHERE person_id = 2);
SELECT count(*) FROM orders WHERE org_id = (SELECT 1);
SELECT count(*) FROM orders o JOIN customers c USING (org_id) WHERE c.name = 'c1';
DELETE FROM orders WHERE id = 150;
-- A tenant that is set while the statement runs is none that it started with.
SELECT count(*) FROM orders, (SELECT set_config('app.org', '2', true) OFFSET 0) s WHERE orders.org_id = (current_setting('app.org')::int + length(s.set_config) - 1) AND orders.id = 151;
SELECT current_setting('app.org');

-- Rows of nobody, and shared ones.
INSERT INTO orders (id, org_id, is_template) VALUES (1001, NULL, false), (1002, 3, true);
SELECT count(*) FROM orders WHERE id IN (1, 1001);
SELECT count(*) FROM orders WHERE id IN (1, 1002);
SELECT rlsproof.tenancy('guard_watch.orders', 'org_id', 'setting:app.org', 'null');
SELECT count(*) FROM orders WHERE id IN (1, 1001);
SELECT count(*) FROM orders WHERE id IN (1, 1002);
SELECT rlsproof.tenancy('guard_watch.orders', 'org_id', 'setting:app.org', 'is_template');
SELECT count(*) FROM orders WHERE id IN (1, 1001);
SELECT count(*) FROM orders WHERE id IN (1, 1002);
SET rlsproof.rule_tenant_mixed = warn;
SELECT count(*) FROM orders WHERE id IN (1, 2, 1002);
SELECT count(*) FROM orders WHERE id IN (1, 299, 1002);
DELETE FROM rlsproof.tenancies WHERE relation = 'guard_watch.orders';
DELETE FROM orders WHERE id > 1000 AND (org_id = 1 OR id > 0);

-- error: stopped before the second tenant's first row leaves.
SET rlsproof.rule_tenant_mixed = error;
SET rlsproof.rule_tenant_mismatch = off;
SELECT id FROM orders WHERE id IN (1, 2, 3) ORDER BY id;
SELECT id FROM orders WHERE id > 98 ORDER BY id;
\echo :LAST_ERROR_SQLSTATE
BEGIN;
DECLARE c CURSOR FOR SELECT id, org_id FROM orders WHERE id > 98 ORDER BY id;
FETCH 2 FROM c;
FETCH 1 FROM c;
ROLLBACK;
SELECT count(*) FROM orders;
UPDATE orders SET status = 'gone' WHERE id > 98;
SELECT count(*) FROM orders WHERE org_id = 1 AND status = 'gone';
DO $$ BEGIN EXECUTE 'EXPLAIN (ANALYZE) SELECT count(*) FROM guard_watch.orders'; END $$;
COPY (SELECT id FROM orders WHERE id IN (100, 101)) TO STDOUT;
COPY orders TO STDOUT;
DO $$ DECLARE r record; n int := 0; BEGIN
    FOR r IN SELECT id, org_id FROM guard_watch.orders ORDER BY id LOOP n := n + 1; END LOOP;
EXCEPTION WHEN OTHERS THEN RAISE WARNING 'after % rows: % %', n, sqlstate, sqlerrm; END $$;
CREATE FUNCTION one_by_one() RETURNS SETOF int LANGUAGE sql AS 'SELECT id FROM guard_watch.orders ORDER BY id';
SELECT count(*) FROM (SELECT one_by_one() LIMIT 3) f;
SELECT count(*) FROM one_by_one();
SET rlsproof.rule_tenant_mismatch = error;
SELECT id FROM orders WHERE id = 200;
SELECT id FROM orders WHERE id = 100;
-- Waived.
INSERT INTO rlsproof.waivers VALUES ('tenant_mixed', 'guard_watch.orders', 'nightly report', '2999-01-01'), ('tenant_mismatch', 'guard_watch.orders', 'nightly report', '2999-01-01');
SELECT count(*) FROM orders;
SELECT count(*) FROM customers;
DELETE FROM rlsproof.waivers;
SET rlsproof.rule_tenant_mismatch = off;

-- Parallel plans.
SET rlsproof.rule_tenant_mixed = warn;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(*) FROM orders;
SELECT count(*) FROM orders;
SELECT count(*) FROM orders WHERE id < 50;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Many tenants; other types; partitions with their columns in another order.
CREATE TABLE many (tenant uuid, id int);
INSERT INTO many SELECT md5(g::text)::uuid, g FROM generate_series(1, 200) g;
CREATE TABLE texts (tenant text, id int);
INSERT INTO texts VALUES ('a', 1), ('b', 2), ('a', 3), (repeat('long', 1000), 4), (repeat('long', 1000), 5);
CREATE TABLE numbers (tenant numeric, id int);
INSERT INTO numbers VALUES (1.0, 1), (1.00, 2), (2, 3);
CREATE TABLE events (org_id int, id int, kind text) PARTITION BY RANGE (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (100);
CREATE TABLE events_2 (kind text, gone int, id int, org_id int);
ALTER TABLE events_2 DROP COLUMN gone;
ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (100) TO (200);
INSERT INTO events SELECT 7, g, 'k' FROM generate_series(1, 199) g;
SELECT rlsproof.tenancy(t, 'tenant') FROM unnest('{guard_watch.many,guard_watch.texts,guard_watch.numbers}'::text[]) t;
SELECT count(*) FROM many;
-- Which they are is told where that is asked for.
SET rlsproof.show_tenants = on;
SELECT count(*) FROM many;
SELECT count(*) FROM many WHERE id <= 3;
RESET rlsproof.show_tenants;
SELECT count(*) FROM many WHERE id = 1;
SELECT count(*) FROM many WHERE id <= 64;
SELECT count(*) FROM texts;
SELECT count(*) FROM texts WHERE id > 3;
SELECT count(*) FROM numbers WHERE id < 3;
SELECT count(*) FROM numbers;
SELECT count(*) FROM events;
UPDATE events SET org_id = 8 WHERE id = 150;
SELECT count(*) FROM events;
SELECT count(*) FROM events WHERE id < 100;
-- By a path: the rows it leads to say whose these are.
CREATE TABLE lines (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, body text);
CREATE TABLE notes (id int PRIMARY KEY, line_id int REFERENCES lines, body text);
INSERT INTO lines SELECT g, g FROM generate_series(1, 140) g;
INSERT INTO notes SELECT g, g FROM generate_series(1, 140) g;
INSERT INTO notes VALUES (500, NULL);
SELECT rlsproof.tenancy('guard_watch.lines', 'order_id -> guard_watch.orders.org_id', 'setting:app.org');
SELECT rlsproof.tenancy('guard_watch.notes', 'line_id -> guard_watch.lines.order_id -> guard_watch.orders.org_id', 'setting:app.org');
SET rlsproof.rule_tenant_mismatch = warn;
SELECT count(*) FROM lines;
SELECT count(*) FROM lines WHERE id <= 100;
SELECT count(*) FROM lines WHERE order_id = 7;
SELECT count(*) FROM lines WHERE order_id = 107;
SELECT count(*) FROM notes WHERE id > 130 AND id < 200;
SELECT count(*) FROM notes WHERE id IN (1, 500);
SELECT count(*) FROM lines l JOIN orders o ON o.id = l.order_id WHERE o.org_id = 1;
SET rlsproof.rule_tenant_mismatch = off;
SET enable_nestloop = off;
SELECT count(*) FROM lines l JOIN orders o ON o.id = l.order_id WHERE o.status = 's1';
RESET enable_nestloop;
-- Where the way cannot be gone, nothing is seen, and that is said.
CREATE TABLE parts (id int, org_id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000);
CREATE TABLE pieces (id int PRIMARY KEY, part_id int REFERENCES parts);
SELECT rlsproof.tenancy('guard_watch.pieces', 'part_id -> guard_watch.parts.org_id', 'setting:app.org');
SELECT count(*) FROM pieces;
-- A table that its plan holds to one tenant, and another that is read of another one: together they are a mixture.
CREATE TABLE bills (id int PRIMARY KEY, org_id bigint, order_id int);
CREATE TABLE payers (id int PRIMARY KEY, org_id int);
INSERT INTO bills VALUES (1, 2, 1), (2, 2, 2);
INSERT INTO payers VALUES (1, 1), (2, 2);
SELECT p.org_id, b.org_id FROM payers p JOIN bills b ON b.id = p.id WHERE p.org_id = 1;
SELECT p.org_id, b.org_id FROM payers p JOIN bills b ON b.id = p.id WHERE p.org_id = 2 AND b.id = 2;
SELECT p.org_id, b.org_id FROM payers p LEFT JOIN bills b ON b.id = p.id AND b.id < 0 WHERE p.org_id = 1;
-- Partitions on both sides: a row of one is not held by the first of the other side.
CREATE TABLE moves (org_id int, id int, kind text) PARTITION BY RANGE (id);
CREATE TABLE moves_1 PARTITION OF moves FOR VALUES FROM (0) TO (100);
CREATE TABLE moves_2 PARTITION OF moves FOR VALUES FROM (100) TO (200);
INSERT INTO moves SELECT 1 + g / 100, g, 'a' FROM generate_series(99, 101) g;
SELECT a.org_id, b.org_id FROM moves a JOIN moves b ON a.org_id = b.org_id AND a.id = b.id WHERE a.kind = 'a' AND b.kind <> 'b' ORDER BY a.id;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT a.org_id, b.org_id FROM moves a JOIN moves b ON a.org_id = b.org_id AND a.id = b.id WHERE a.kind = 'a' AND b.kind <> 'b' ORDER BY a.id;
RESET enable_hashjoin;
RESET enable_mergejoin;
-- EXPLAIN does nothing, check_query says what a plan tells.
EXPLAIN (COSTS OFF) SELECT count(*) FROM lines WHERE id = 1;
SELECT rule, message FROM rlsproof.check_query('SELECT count(*) FROM guard_watch.many') WHERE rule LIKE 'tenant%';

SET rlsproof.rule_tenant_mixed = off;
DELETE FROM rlsproof.tenancies;
DROP SCHEMA guard_watch CASCADE;
