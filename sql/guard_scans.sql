-- The guard's rules about how tables are read: full_scan, scan_rows, no_limit, deep_offset. Each with what breaks it and
-- with what looks like it and does not, in every way a statement can reach the executor.
LOAD 'rlsproof';
SET rlsproof.small_table = 0;
SET rlsproof.report_interval = 0;
\set SHOW_CONTEXT never

CREATE SCHEMA guard_scans;
SET search_path = guard_scans;
CREATE TABLE users (id int PRIMARY KEY, email text, active boolean NOT NULL DEFAULT true) WITH (autovacuum_enabled = off);
CREATE TABLE orders (id int PRIMARY KEY, user_id int, status text, total numeric, deleted_at timestamptz)
    WITH (autovacuum_enabled = off);
CREATE INDEX ON orders (user_id);
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 1000) g;
INSERT INTO orders SELECT g, 1 + g % 1000, 'paid', g FROM generate_series(1, 5000) g;
VACUUM ANALYZE users, orders;

-- full_scan: nothing indexable reached the table.
SET rlsproof.rule_full_scan = warn;
SELECT count(*) FROM orders;
SELECT count(*) FROM orders WHERE status = 'lost' AND deleted_at IS NULL;
SELECT count(*) FROM orders WHERE status LIKE '%x%';
SELECT count(*) FROM orders WHERE total > 4999.5;
SELECT count(*) FROM orders WHERE id = 5 OR status = 'lost';
SELECT count(*) FROM orders WHERE id::text = '5';
SELECT count(*) FROM orders WHERE user_id + 1 = 3;
SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id WHERE u.email = 'u3';
SELECT 1 FROM orders WHERE total > 4999.5 LIMIT 1;
SELECT count(*) FROM orders WHERE user_id IS NOT NULL;
-- A table that is only joined lacks the index that the join asks for, whichever way it is joined.
CREATE TABLE items (id int PRIMARY KEY, order_id int, sku varchar, note text) WITH (autovacuum_enabled = off);
INSERT INTO items SELECT g, 1 + g % 5000, 'sku' || g FROM generate_series(1, 6000) g;
VACUUM ANALYZE items;
SELECT count(*) FROM orders o JOIN items i ON i.order_id = o.id WHERE o.user_id = 3;
SELECT count(*) FROM users u JOIN items i ON u.email = i.sku WHERE u.id < 3;
BEGIN;
SET LOCAL enable_hashjoin = off;
SELECT count(*) FROM orders o JOIN items i ON i.order_id = o.id WHERE o.user_id = 3;
SET LOCAL enable_mergejoin = off;
SELECT count(*) FROM orders o JOIN items i ON i.order_id = o.id WHERE o.user_id = 3;
COMMIT;
SELECT (SELECT count(*) FROM users u JOIN items i ON i.order_id = u.id WHERE u.id < 3);
SELECT count(*) FROM orders o JOIN items i ON i.order_id + 0 = o.id WHERE o.user_id = 3;
-- What is converted without anybody asking for it, and what other kinds of index serve.
SELECT count(*) FROM orders WHERE id = 5.0;
CREATE TABLE papers (id int PRIMARY KEY, tags text[], body jsonb, valid daterange, words tsvector);
INSERT INTO papers SELECT g FROM generate_series(1, 10) g;
SELECT count(*) FROM papers WHERE tags @> '{a}';
SELECT count(*) FROM papers WHERE body @> '{"a": 1}';
SELECT count(*) FROM papers WHERE valid && daterange('2020-01-01', '2021-01-01');
SELECT count(*) FROM papers WHERE words @@ 'a'::tsquery;
-- The first rows of an order are asked for.
\o /dev/null
SELECT id FROM orders ORDER BY total DESC LIMIT 3;
SELECT id FROM orders ORDER BY status, total DESC LIMIT 3;
SELECT id FROM orders ORDER BY total DESC NULLS LAST, status LIMIT 3;
SELECT id FROM orders WHERE status = 'lost' ORDER BY total DESC FETCH FIRST ROW ONLY;
SELECT id FROM orders WHERE status = 'lost' AND deleted_at IS NULL ORDER BY total LIMIT 3 FOR UPDATE;
SELECT id FROM orders ORDER BY total + 1 LIMIT 3;
SELECT id FROM orders ORDER BY total;
\o
-- The sub-selects of a statement are looked at wherever they hang.
SELECT (SELECT count(*) FROM orders WHERE status = 'lost'), u.id FROM users u JOIN orders o ON o.id = u.id WHERE u.id = 3;
SELECT u.id, (SELECT count(*) FROM orders x WHERE x.total = u.id) FROM users u JOIN orders o ON o.id = u.id WHERE u.id = 3;
SELECT id FROM users WHERE id = ANY (ARRAY(SELECT user_id FROM orders)) LIMIT 1;
WITH paid AS MATERIALIZED (SELECT * FROM orders WHERE status = 'lost') SELECT count(*) FROM paid;
SELECT count(*) FROM users WHERE id = 7 AND id NOT IN (SELECT user_id FROM orders WHERE status = 'lost');
INSERT INTO users SELECT id + 10000, status FROM orders WHERE status = 'lost';

-- What an index reaches, what a LIMIT stops, and what reads no table of a user.
SELECT count(*) FROM orders WHERE id = 5;
SELECT count(*) FROM orders WHERE user_id IN (1, 2, 3);
SELECT count(*) FROM orders WHERE user_id = ANY (ARRAY[1, 2]);
SELECT count(*) FROM orders WHERE id > 5;
SELECT count(*) FROM orders WHERE id = 5 OR user_id = 3;
SELECT count(*) FROM orders WHERE user_id IS NULL;
SELECT count(*) FROM orders WHERE ctid = '(0,1)';
SELECT id FROM orders ORDER BY id LIMIT 1;
SELECT status FROM orders LIMIT 1;
SELECT max(id) FROM orders;
SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id WHERE u.id = 5;
SELECT count(*) FROM users u LEFT JOIN orders o ON u.id = o.user_id WHERE u.id = 5;
SELECT count(*) FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id) AND u.id = 1;
SELECT EXISTS (SELECT 1 FROM orders);
SELECT count(*) > 0 FROM pg_class;
SELECT count(*) > 0 FROM information_schema.tables;
SELECT count(*) FROM generate_series(1, 3);
WITH one AS MATERIALIZED (SELECT id FROM orders) SELECT id FROM one LIMIT 1;
SELECT count(*) FROM orders WHERE false;

-- An index over the part that is asked for is a limit of its own.
CREATE INDEX orders_deleted ON orders (status) WHERE deleted_at IS NOT NULL;
SELECT count(*) FROM orders WHERE deleted_at IS NOT NULL;
DROP INDEX orders_deleted;

-- A small table is none to warn about.
SET rlsproof.small_table = 1000;
SELECT count(*) FROM orders;
-- Nor are the rows that a unique key finds for those of a small one, however they are joined; any other key may find all.
CREATE TABLE few (id int PRIMARY KEY);
INSERT INTO few SELECT generate_series(1, 3);
VACUUM ANALYZE few;
SET rlsproof.small_table = 2;
BEGIN;
SET LOCAL enable_nestloop = off;
SELECT count(*) FROM few JOIN orders o USING (id);
SELECT count(*) FROM few LEFT JOIN orders o ON o.id = few.id;
SELECT count(*) FROM orders WHERE id IN (SELECT id FROM few);
SELECT count(*) FROM few JOIN users u ON u.id = few.id JOIN orders o ON o.user_id = u.id;
SELECT count(*) FROM few JOIN orders o ON o.user_id = few.id;
SELECT count(*) FROM few RIGHT JOIN orders o ON o.id = few.id;
ROLLBACK;
SET rlsproof.small_table = 0;

-- EXPLAIN never fails, with ANALYZE it warns of what it would have refused.
SET rlsproof.rule_full_scan = error;
EXPLAIN (COSTS OFF) SELECT count(*) FROM orders;
\o /dev/null
EXPLAIN ANALYZE SELECT id FROM orders WHERE status = 'lost';
\o
SELECT count(*) FROM orders;
\echo :LAST_ERROR_SQLSTATE
-- A refused statement takes its transaction with it, like any error, and what is caught is caught.
BEGIN;
SAVEPOINT before;
SELECT count(*) FROM orders;
ROLLBACK TO before;
SELECT count(*) FROM orders WHERE id = 1;
COMMIT;
DO $$ BEGIN PERFORM count(*) FROM orders; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', sqlstate, sqlerrm; END $$;

-- Plans that are kept pass the planner once and are judged every time.
PREPARE all_of_them AS SELECT count(*) FROM orders;
EXECUTE all_of_them;
EXECUTE all_of_them;
EXPLAIN (COSTS OFF) EXECUTE all_of_them;
PREPARE one_of_them(int) AS SELECT count(*) FROM orders WHERE id = $1;
PREPARE by_status(text) AS SELECT count(*) FROM orders WHERE status = $1;
SET plan_cache_mode = force_custom_plan;
EXECUTE one_of_them(1);
EXECUTE by_status('lost');
SET plan_cache_mode = force_generic_plan;
EXECUTE one_of_them(1);
EXECUTE by_status('lost');
EXECUTE by_status('lost');
-- A new index is seen by a plan that was kept, and so is its loss.
CREATE INDEX orders_status ON orders (status);
EXECUTE by_status('lost');
DROP INDEX orders_status;
EXECUTE by_status('lost');
RESET plan_cache_mode;
-- A plan that was made before the rule was on is judged as well.
SET rlsproof.rule_full_scan = off;
PREPARE from_before AS SELECT count(*) FROM orders;
EXECUTE from_before;
EXECUTE from_before;
SET rlsproof.rule_full_scan = error;
EXECUTE from_before;
SET rlsproof.guard = off;
EXECUTE from_before;
SET rlsproof.guard = on;
EXECUTE from_before;
DEALLOCATE ALL;

-- Functions, triggers and DO.
CREATE FUNCTION in_sql() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders WHERE status = ''lost''';
CREATE FUNCTION in_sql_set() RETURNS SETOF int LANGUAGE sql AS 'SELECT id FROM orders WHERE status = ''lost''';
CREATE FUNCTION in_plpgsql() RETURNS bigint LANGUAGE plpgsql AS
    $$ DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM orders WHERE status = 'lost'; RETURN n; END $$;
CREATE FUNCTION assigned() RETURNS bigint LANGUAGE plpgsql AS
    $$ DECLARE n bigint; BEGIN n := (SELECT count(*) FROM orders WHERE status = 'lost'); RETURN n; END $$;
CREATE FUNCTION looped() RETURNS bigint LANGUAGE plpgsql AS
    $$ DECLARE n bigint := 0; r record; BEGIN FOR r IN SELECT * FROM orders WHERE status = 'lost' LOOP n := n + 1; END LOOP; RETURN n; END $$;
CREATE FUNCTION dynamic() RETURNS bigint LANGUAGE plpgsql AS
    $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM orders WHERE status = $1' INTO n USING 'lost'; RETURN n; END $$;
SELECT in_sql();
SELECT * FROM in_sql_set();
SELECT in_plpgsql();
SELECT in_plpgsql();
SELECT assigned();
SELECT looped();
SELECT dynamic();
DO $$ BEGIN PERFORM 1 FROM orders WHERE status = 'lost'; END $$;
CREATE FUNCTION looks() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM 1 FROM orders WHERE status = NEW.email; RETURN NEW; END $$;
CREATE TRIGGER looks AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION looks();
UPDATE users SET email = 'x' WHERE id = 1;
DROP TRIGGER looks ON users;
CREATE PROCEDURE proc() LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM orders WHERE status = 'lost'; COMMIT; END $$;
CALL proc();

-- Cursors: judged when they are opened, not again for each part.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM orders WHERE status = 'lost';
ROLLBACK;
SET rlsproof.rule_full_scan = warn;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM orders WHERE status = 'paid';
FETCH 1 FROM c;
FETCH 2 FROM c;
CLOSE c;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM orders WHERE total < 3;
COMMIT;
FETCH ALL FROM h;
CLOSE h;
CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql AS
    $$ DECLARE c refcursor := 'r'; BEGIN OPEN c FOR SELECT id FROM orders WHERE total < 3; RETURN c; END $$;
BEGIN;
SELECT opened();
FETCH ALL FROM r;
COMMIT;

-- What carries a statement: COPY, CREATE TABLE AS, REFRESH, SELECT INTO.
COPY (SELECT id FROM orders WHERE status = 'lost') TO STDOUT;
CREATE TABLE kept AS SELECT id FROM orders WHERE status = 'lost';
SELECT id INTO kept_too FROM orders WHERE status = 'lost';
CREATE MATERIALIZED VIEW held AS SELECT id FROM orders WHERE status = 'lost';
REFRESH MATERIALIZED VIEW held;
-- COPY of a table that RLS makes a query is one.
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY lost ON orders USING (status = 'lost');
CREATE ROLE regress_guard_reader;
GRANT USAGE ON SCHEMA guard_scans TO regress_guard_reader;
GRANT SELECT ON orders TO regress_guard_reader;
SET ROLE regress_guard_reader;
COPY orders TO STDOUT;
-- A policy is a condition like another: its columns want an index.
SELECT count(*) FROM orders;
SELECT count(*) FROM orders WHERE id = 5;
-- What leaks may not pass the policy, so an index cannot serve it.
SELECT count(*) FROM orders WHERE status LIKE '%o%' AND total = 5;
RESET ROLE;
DROP POLICY lost ON orders;
ALTER TABLE orders DISABLE ROW LEVEL SECURITY;

-- Views and what they are made of.
CREATE VIEW lost AS SELECT * FROM orders WHERE status = 'lost';
CREATE VIEW every AS SELECT * FROM orders;
SELECT count(*) FROM lost;
SELECT count(*) FROM lost WHERE id = 3;
SELECT count(*) FROM every WHERE user_id = 3;
SELECT count(*) FROM (SELECT * FROM orders OFFSET 0) o WHERE o.id = 3;

-- Partitions: what was pruned is not read, what is read is told by its own name.
CREATE TABLE parted (tenant int NOT NULL, id int, note text, PRIMARY KEY (tenant, id)) PARTITION BY LIST (tenant);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1) WITH (autovacuum_enabled = off);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2) WITH (autovacuum_enabled = off);
INSERT INTO parted SELECT 1 + g % 2, g, 'n' FROM generate_series(1, 100) g;
VACUUM ANALYZE parted;
SELECT count(*) FROM parted WHERE note = 'x';
SELECT count(*) FROM parted WHERE tenant = 2;
SELECT count(*) FROM parted WHERE tenant = 2 AND id = 5;
SELECT count(*) FROM parted_2 WHERE note = 'x';
PREPARE part(int) AS SELECT count(*) FROM parted WHERE tenant = $1 AND note = 'x';
SET plan_cache_mode = force_generic_plan;
EXECUTE part(1);
EXECUTE part(2);
EXECUTE part(3);
RESET plan_cache_mode;
DEALLOCATE part;

-- Inheritance.
CREATE TABLE parent (id int PRIMARY KEY, note text) WITH (autovacuum_enabled = off);
CREATE TABLE child (more text) INHERITS (parent) WITH (autovacuum_enabled = off);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2);
VACUUM ANALYZE parent, child;
SELECT count(*) FROM parent WHERE note = 'x';
SELECT count(*) FROM ONLY parent WHERE id = 1;
-- The child has no index of its own.
SELECT count(*) FROM parent WHERE id = 1;

-- Temporary tables are tables; the name of their schema is the session's.
CREATE TEMP TABLE scratch AS SELECT 1 AS a;
SET rlsproof.rule_full_scan = error;
DO $$ BEGIN PERFORM 1 FROM scratch; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', regexp_replace(sqlerrm, 'temp_\d+', 'temp'); END $$;

-- scan_rows: what the plan expects to read, a LIMIT taken into account.
SET rlsproof.rule_full_scan = off;
SET rlsproof.rule_scan_rows = warn;
SET rlsproof.max_scan_rows = 1000;
SELECT count(*) FROM orders;
SELECT count(*) FROM users;
SELECT count(*) FROM orders WHERE id < 4000;
SELECT count(*) FROM orders WHERE id < 50;
SELECT id FROM orders LIMIT 1;
SELECT status FROM orders ORDER BY total, id LIMIT 1;
SELECT EXISTS (SELECT 1 FROM orders);
SET rlsproof.rule_scan_rows = error;
SELECT count(*) FROM orders;
\echo :LAST_ERROR_SQLSTATE
EXPLAIN (COSTS OFF) SELECT count(*) FROM orders;
SET rlsproof.rule_scan_rows = off;

-- no_limit: what goes to the client, and nothing else.
SET rlsproof.rule_no_limit = warn;
SET rlsproof.no_limit_rows = 100;
\o /dev/null
SELECT * FROM orders;
SELECT * FROM orders ORDER BY id;
SELECT id FROM orders UNION ALL SELECT id FROM users;
SELECT id FROM orders OFFSET 3;
SELECT user_id, count(*) FROM orders GROUP BY user_id;
\o
SELECT count(*) FROM orders;
SELECT id FROM orders ORDER BY id LIMIT 2;
SELECT id FROM orders ORDER BY id FETCH FIRST 2 ROWS ONLY;
SELECT id FROM orders WHERE id < 3 ORDER BY id;
SELECT count(*) FROM (SELECT * FROM orders) o;
SELECT count(*) FROM generate_series(1, 1000);
\o /dev/null
SELECT * FROM generate_series(1, 5000);
\o
CREATE TABLE copied AS SELECT * FROM orders;
INSERT INTO copied SELECT * FROM orders;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM orders;
COMMIT;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP END LOOP; END $$;
-- A LIMIT of more than the rule allows is none, nor is LIMIT ALL; one that is as large as that is one.
\o /dev/null
SELECT * FROM orders LIMIT 1000000000;
SELECT * FROM orders LIMIT ALL;
SELECT * FROM orders OFFSET 1 LIMIT NULL;
SELECT * FROM orders FETCH FIRST 101 ROWS ONLY;
SELECT * FROM orders LIMIT 100;
SELECT * FROM orders WHERE id < 3 LIMIT 1000000000;
SET plan_cache_mode = force_generic_plan;
PREPARE limited(bigint) AS SELECT * FROM orders LIMIT $1;
EXECUTE limited(100);
EXECUTE limited(101);
EXECUTE limited(NULL);
DEALLOCATE limited;
PREPARE limited(int) AS SELECT * FROM orders LIMIT $1;
EXECUTE limited(100);
EXECUTE limited(101);
DEALLOCATE limited;
RESET plan_cache_mode;
-- Nor does it excuse the scan.
SET rlsproof.rule_full_scan = warn;
SET rlsproof.rule_no_limit = off;
SELECT * FROM orders LIMIT 1000000000;
SELECT * FROM orders LIMIT 100;
SELECT * FROM (SELECT * FROM orders LIMIT 1000000000) o LIMIT 1;
SET rlsproof.rule_full_scan = off;
SET rlsproof.rule_no_limit = error;
\o
SELECT * FROM orders;
\echo :LAST_ERROR_SQLSTATE
PREPARE unlimited AS SELECT * FROM orders;
EXECUTE unlimited;
EXECUTE unlimited;
DEALLOCATE unlimited;
SET rlsproof.rule_no_limit = off;

-- deep_offset: a constant or a parameter, at any depth.
SET rlsproof.rule_deep_offset = warn;
SET rlsproof.max_offset = 100;
SELECT id FROM orders ORDER BY id OFFSET 100 LIMIT 1;
SELECT id FROM orders ORDER BY id OFFSET 101 LIMIT 1;
SELECT count(*) FROM (SELECT id FROM orders ORDER BY id OFFSET 101 LIMIT 1) o;
PREPARE page(int) AS SELECT id FROM orders ORDER BY id OFFSET $1 LIMIT 1;
EXECUTE page(100);
EXECUTE page(1000);
SET plan_cache_mode = force_generic_plan;
EXECUTE page(100);
EXECUTE page(1000);
EXECUTE page(NULL);
-- Nothing is computed that the query itself does not come to.
PREPARE never(int) AS SELECT CASE WHEN $1 = 0 THEN 0 ELSE (SELECT id FROM users OFFSET 10 / $1 LIMIT 1) END;
EXECUTE never(0);
RESET plan_cache_mode;
DEALLOCATE ALL;
SET rlsproof.rule_deep_offset = error;
SELECT id FROM orders ORDER BY id OFFSET 101 LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
SET rlsproof.rule_deep_offset = off;

SET client_min_messages = warning;
DROP SCHEMA guard_scans CASCADE;
DROP ROLE regress_guard_reader;
