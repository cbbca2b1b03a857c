-- Ways around the tenant rules that were tried: each statement would bring a row of tenant 2 to a session of tenant 1, and
-- is refused. After each way, what is like it and brings none: that goes through in silence.
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA guard_around;
SET search_path = guard_around;
CREATE TABLE orders (id int PRIMARY KEY, org_id int, status text, secret text) WITH (autovacuum_enabled = off);
INSERT INTO orders SELECT g, 2 - g % 2, 's' || g % 7, 't' || 2 - g % 2 || '-order-' || g FROM generate_series(1, 400) g;
CREATE TABLE customers (id int PRIMARY KEY, org_id int, name text) WITH (autovacuum_enabled = off);
INSERT INTO customers SELECT g, 2 - g % 2, 't' || 2 - g % 2 || '-customer' FROM generate_series(1, 400) g;
CREATE TABLE memberships (org_id int, person_id int);
INSERT INTO memberships VALUES (1, 7), (2, 8);
CREATE TABLE templates (id int PRIMARY KEY, org_id int, is_template bool);
INSERT INTO templates VALUES (1, 1, false), (2, 2, true);
CREATE TABLE plain (id int PRIMARY KEY, n int);
INSERT INTO plain SELECT g, g FROM generate_series(1, 400) g;
CREATE TABLE parts (org_id int, id int, secret text, PRIMARY KEY (org_id, id)) PARTITION BY LIST (org_id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts VALUES (1, 1, 't1-part'), (2, 2, 't2-part');
VACUUM ANALYZE orders, customers, memberships, templates, plain, parts;
SELECT rlsproof.tenancy('guard_around.*', 'org_id', 'setting:app.org');
SELECT rlsproof.tenancy('guard_around.memberships', 'none');
SELECT rlsproof.tenancy('guard_around.templates', 'org_id', 'setting:app.org', 'is_template');
SET app.org = '1';
SET rlsproof.rule_tenant_mismatch = error;

-- A join by the tenant holds a scan; but not where its rows go elsewhere before.
WITH o AS MATERIALIZED (SELECT * FROM orders) SELECT b.secret FROM o a JOIN customers c ON c.org_id = a.org_id AND c.id = 1 AND a.id = 1, o b WHERE b.id = 2;
WITH o AS MATERIALIZED (SELECT * FROM orders) SELECT count(*) FROM o a JOIN customers c ON c.org_id = a.org_id AND c.id = 1;
BEGIN;
SET LOCAL enable_nestloop = off;
SELECT o.s FROM (SELECT org_id, id, lag(secret) OVER (ORDER BY id) s FROM orders) o JOIN customers c USING (org_id) WHERE c.id = 1 AND o.id = 3;
ROLLBACK;
SELECT max(o.s) FROM (SELECT org_id, lead(secret) OVER (ORDER BY id) s FROM orders) o JOIN memberships m USING (org_id) WHERE m.person_id = 7;
SELECT max(o.s) FROM (SELECT org_id, lead(secret) OVER (PARTITION BY status, org_id ORDER BY id) s FROM orders) o JOIN memberships m USING (org_id) WHERE m.person_id = 7;
SELECT max(o.n) FROM (SELECT org_id, count(*) n FROM orders GROUP BY org_id) o JOIN memberships m USING (org_id) WHERE m.person_id = 7;
WITH RECURSIVE r AS (SELECT id, org_id, secret FROM orders WHERE status = 's2' UNION ALL SELECT r.id + 1000, 1, r.secret FROM r WHERE r.id < 1000)
SELECT max(r.secret) FROM r JOIN memberships m USING (org_id) WHERE m.person_id = 7;
-- A tree of one tenant is read down from its roots: by a hash join of all, and yet those of one come through.
SET enable_nestloop = off;
SET enable_mergejoin = off;
WITH RECURSIVE r AS (SELECT id, org_id FROM orders WHERE org_id = 1 AND id < 4 UNION ALL SELECT o.id, o.org_id FROM r JOIN orders o ON o.id = r.id + 4 AND o.org_id = r.org_id)
SELECT count(*) FROM r;
WITH RECURSIVE r AS (SELECT id, org_id, 2 AS other FROM orders WHERE org_id = 1 AND id < 4 UNION ALL SELECT o.id, o.org_id, 2 FROM r JOIN orders o ON o.id = r.id + 1 AND o.org_id = r.other)
SELECT count(*) FROM r;
WITH RECURSIVE r AS (SELECT id, org_id, secret FROM orders WHERE org_id = 1 AND id < 4 UNION ALL SELECT o.id, 3 - o.org_id, o.secret FROM r JOIN orders o ON o.id = r.id + 1 AND o.org_id = r.org_id)
SELECT max(secret) FROM r;
RESET enable_nestloop;
RESET enable_mergejoin;
WITH RECURSIVE r AS (SELECT 1 AS step, org_id FROM memberships WHERE person_id = 7 UNION ALL SELECT 2, 2 FROM r WHERE step = 1)
SELECT max(o.secret) FROM r JOIN orders o USING (org_id);
BEGIN;
SET LOCAL enable_nestloop = off;
WITH u AS (UPDATE plain p SET n = length(o.secret) FROM orders o WHERE o.id = p.id RETURNING o.org_id) SELECT count(*) FROM u JOIN memberships m USING (org_id) WHERE m.person_id = 7;
ROLLBACK;
-- One branch of an OR is no join; with what is everybody's in the other one it is.
SELECT o.secret FROM customers c, LATERAL (SELECT * FROM orders o WHERE o.org_id = c.org_id OR o.status = 's2' OFFSET 0) o WHERE c.id = 1 AND o.id = 2;
SELECT count(*) FROM customers c, LATERAL (SELECT * FROM orders o WHERE o.org_id = c.org_id OFFSET 0) o WHERE c.id = 1 AND o.id = 3;
-- A row that is everybody's has a tenant, whose other rows are not.
SELECT o.secret FROM templates t JOIN orders o USING (org_id) WHERE t.is_template AND o.id = 2;
SELECT count(*) FROM templates t WHERE t.is_template;
SELECT count(*) FROM templates t JOIN orders o USING (org_id) WHERE t.org_id = 1;
-- Another than any of these.
SET rlsproof.rule_tenant_mismatch = off;
SET rlsproof.rule_tenant_unpinned = warn;
SELECT count(*) FROM orders WHERE org_id <> ANY (SELECT org_id FROM memberships WHERE person_id = 7 OFFSET 0);
SELECT count(*) FROM orders WHERE org_id IN (SELECT org_id FROM memberships WHERE person_id = 7 OFFSET 0);
SET rlsproof.rule_tenant_unpinned = off;
SET rlsproof.rule_tenant_mismatch = error;

-- What is selected of a row may tell of it before the row is looked at: by an error, or by what a function does.
CREATE FUNCTION tells(text) RETURNS text LANGUAGE plpgsql COST 1 AS $$BEGIN RAISE WARNING 'told: %', $1; RETURN $1; END$$;
SELECT secret::int FROM orders WHERE id = 2;
SELECT tells(secret) FROM orders WHERE id = 2;
SELECT tells(secret) FROM orders WHERE id = 1;
CREATE INDEX by_all ON orders (id, org_id, secret);
VACUUM orders;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT tells(secret) FROM orders WHERE id > 0 AND id < 3 AND secret > '' ORDER BY id, org_id;
SELECT tells(secret) FROM orders WHERE id > 0 AND id < 3 AND secret > '' ORDER BY id, org_id;
RESET enable_seqscan;
RESET enable_bitmapscan;
DROP INDEX by_all;

-- EXPLAIN ANALYZE leaves a table behind, or hands the rows to a function; EXPLAIN itself plans by what a function says.
CREATE FUNCTION asks() RETURNS int LANGUAGE plpgsql STABLE AS $$DECLARE s text; BEGIN SELECT secret INTO s FROM guard_around.orders WHERE id = 2; RAISE WARNING 'told: %', s; RETURN 1; END$$;
\o /dev/null
EXPLAIN ANALYZE CREATE TABLE loot AS SELECT secret FROM orders WHERE id = 2;
EXPLAIN ANALYZE SELECT tells(secret) FROM orders WHERE id = 2;
EXPLAIN ANALYZE SELECT set_config('app.x', secret, false) FROM orders WHERE id = 2;
EXPLAIN ANALYZE SELECT asks();
EXPLAIN SELECT * FROM plain WHERE id = asks();
-- It warns of what goes nowhere.
EXPLAIN ANALYZE SELECT upper(secret) FROM orders WHERE id = 2;
\o

-- A function that workers call sends statements of its own.
CREATE FUNCTION gives(int) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$BEGIN RETURN (SELECT secret FROM guard_around.orders WHERE id = $1); END$$;
ALTER TABLE plain SET (parallel_workers = 2);
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT gives(id) FROM plain WHERE n = 2;
SELECT gives(id) FROM plain WHERE n = 1;
SELECT gives(id) FROM plain WHERE n = 2;
ROLLBACK;

-- ALTER TABLE asks for itself whether a new key holds; what a function asks meanwhile is asked by that.
ALTER TABLE plain ALTER COLUMN n TYPE text USING gives(2);
ALTER TABLE plain ADD FOREIGN KEY (id) REFERENCES orders;

-- What is in the way of an INSERT comes back by RETURNING.
INSERT INTO orders (id, org_id) VALUES (2, 1) ON CONFLICT (id) DO UPDATE SET status = 'seen' RETURNING secret;
INSERT INTO orders (id, org_id) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET status = 's1' RETURNING secret;
INSERT INTO parts (id, org_id) VALUES (2, 2) ON CONFLICT (org_id, id) DO UPDATE SET id = excluded.id RETURNING secret;
INSERT INTO parts (id, org_id) VALUES (1, 1) ON CONFLICT (org_id, id) DO UPDATE SET id = excluded.id RETURNING secret;
INSERT INTO templates VALUES (2, 1) ON CONFLICT (id) DO UPDATE SET id = excluded.id RETURNING is_template;
INSERT INTO orders (id, org_id) VALUES (2, 1) ON CONFLICT (id) DO NOTHING;
WITH i AS (INSERT INTO orders (id, org_id) VALUES (2, 1) ON CONFLICT (id) DO UPDATE SET status = 'seen' RETURNING secret) SELECT * FROM i;

-- A waiver of one table lets no other one through, whichever of them comes first.
SELECT rlsproof.waive('tenant_mismatch', 'guard_around.customers', 'a report', '2099-01-01');
SELECT name FROM customers WHERE id = 2;
SELECT c.name, o.secret FROM customers c, orders o WHERE c.org_id = 2 AND o.org_id = 2 AND c.id = 2 AND o.id = 2;
SELECT c.name, o.secret FROM customers c, orders o WHERE c.id = 2 AND o.id = 2;
SELECT name FROM customers WHERE id = 2 UNION ALL SELECT secret FROM orders WHERE id = 2;
SELECT secret FROM orders WHERE id = 2 UNION ALL SELECT name FROM customers WHERE id = 2;
SELECT name FROM customers WHERE id = 2 UNION ALL SELECT secret FROM orders WHERE id = 1;
SET rlsproof.rule_tenant_mismatch = off;
SET rlsproof.rule_tenant_mixed = error;
SELECT count(*) FROM customers c JOIN orders o ON o.id = c.id WHERE c.id = 2;
SELECT rlsproof.waive('tenant_mixed', 'guard_around.customers', 'a report', '2099-01-01');
SELECT count(*) FROM customers WHERE id < 3;
SELECT count(*) FROM customers c JOIN orders o ON o.id = c.id WHERE c.id < 3;
SELECT count(*) FROM customers UNION ALL SELECT count(*) FROM orders WHERE id = 1;
SELECT count(*) FROM customers UNION ALL SELECT count(*) FROM orders;
DELETE FROM rlsproof.waivers;
SET rlsproof.rule_tenant_mixed = off;
SET rlsproof.rule_tenant_mismatch = error;

-- Another server joins and counts, and sends rows by itself.
CREATE EXTENSION postgres_fdw;
DO $$
DECLARE here text := format('host %L, port %L, dbname %L', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database());
BEGIN
	EXECUTE format('CREATE SERVER one FOREIGN DATA WRAPPER postgres_fdw OPTIONS (%s, async_capable ''true'')', here);
	EXECUTE format('CREATE SERVER two FOREIGN DATA WRAPPER postgres_fdw OPTIONS (%s, async_capable ''true'')', here);
END $$;
CREATE USER MAPPING FOR CURRENT_USER SERVER one OPTIONS (password_required 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER two OPTIONS (password_required 'false');
CREATE FOREIGN TABLE far_orders (id int, org_id int, secret text) SERVER one OPTIONS (schema_name 'guard_around', table_name 'orders');
CREATE FOREIGN TABLE far_customers (id int, org_id int, name text) SERVER one OPTIONS (schema_name 'guard_around', table_name 'customers');
CREATE TABLE far_parts (org_id int, id int, secret text) PARTITION BY LIST (org_id);
CREATE FOREIGN TABLE far_1 PARTITION OF far_parts FOR VALUES IN (1) SERVER one OPTIONS (schema_name 'guard_around', table_name 'parts_1');
CREATE FOREIGN TABLE far_2 PARTITION OF far_parts FOR VALUES IN (2) SERVER two OPTIONS (schema_name 'guard_around', table_name 'parts_2');
EXPLAIN (COSTS OFF) SELECT count(*) FROM far_orders;
SELECT string_agg(secret, ',') FROM far_orders WHERE id = 2;
SELECT string_agg(secret, ',') FROM far_orders WHERE org_id = 1 AND id < 4;
SELECT o.secret, c.name FROM far_orders o JOIN far_customers c ON c.id = o.id WHERE o.id = 2;
SELECT o.secret, c.name FROM far_orders o JOIN far_customers c ON c.id = o.id AND c.org_id = o.org_id WHERE o.id = 1 AND o.org_id = 1;
SELECT o FROM far_orders o WHERE id = 2;
SELECT o FROM far_orders o WHERE id = 1;
SELECT org_id, secret FROM far_parts;
SELECT org_id, secret FROM far_parts WHERE org_id = 1;
-- Planned when nobody looked.
SET rlsproof.rule_tenant_mismatch = off;
PREPARE counted AS SELECT count(*) FROM far_orders WHERE id = 2;
EXECUTE counted;
SET rlsproof.rule_tenant_mismatch = error;
EXECUTE counted;

RESET rlsproof.rule_tenant_mismatch;
DELETE FROM rlsproof.tenancies;
SET client_min_messages = error;
DROP SCHEMA guard_around CASCADE;
