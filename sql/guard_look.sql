-- Looking before running: check_query, plan_at_scale, guard_status.
LOAD 'rlsproof';
SET rlsproof.small_table = 0;
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned

CREATE SCHEMA guard_look;
SET search_path = guard_look, public;
CREATE ROLE regress_guard_visitor;
CREATE TABLE users (id int PRIMARY KEY, email text) WITH (autovacuum_enabled = off);
CREATE TABLE orders (id int PRIMARY KEY, user_id int, status text, total numeric) WITH (autovacuum_enabled = off);
CREATE INDEX ON orders (user_id);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (email = current_user);
CREATE VIEW paid AS SELECT * FROM orders WHERE status = 'paid';
GRANT USAGE ON SCHEMA guard_look TO regress_guard_visitor;
GRANT SELECT ON users, orders TO regress_guard_visitor;
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 1000) g;
INSERT INTO orders SELECT g, 1 + g % 1000, 'paid', g FROM generate_series(1, 20000) g;
VACUUM ANALYZE users, orders;

-- Every rule looks, whatever its mode; none of the statements is run. A statement that nothing is said of has no row.
SELECT ordinal, rule, mode, sqlstate, message, detail, hint FROM rlsproof.check_query($$
    SELECT * FROM guard_look.orders WHERE status = 'paid';
    DELETE FROM guard_look.orders; TRUNCATE guard_look.orders; COPY guard_look.orders TO STDOUT;
    SELECT * FROM guard_look.orders WHERE id = $1;
    SELECT * FROM guard_look.orders WHERE status = $1 LIMIT $2 OFFSET $3;
    SELECT * FROM guard_look.orders ORDER BY id OFFSET 100000 LIMIT 1;
    SELECT count(*) FROM guard_look.orders a, guard_look.orders b;
$$);
-- Statements inside others.
SELECT ordinal, rule, message FROM rlsproof.check_query($$
    EXPLAIN ANALYZE DELETE FROM guard_look.orders;
    DECLARE c CURSOR FOR SELECT * FROM guard_look.orders;
    CREATE TABLE x AS SELECT * FROM guard_look.orders;
    COPY (SELECT * FROM guard_look.orders) TO STDOUT;
    PREPARE a AS UPDATE guard_look.orders SET status = 'open';
    WITH gone AS (DELETE FROM guard_look.orders RETURNING 1) SELECT count(*) FROM gone;
    SELECT * FROM rlsproof.waivers;
    BEGIN; COMMIT; SET x.y = 1; VACUUM;
$$);
-- What the server cannot plan is a row, and the next statement is looked at all the same.
SELECT ordinal, rule, sqlstate, message, detail, hint FROM rlsproof.check_query($$
    SELCT 1;
    SELECT nothing FROM guard_look.orders;
    SELECT * FROM guard_look.no_such_table;
    SELECT 1 / 0;
    DELETE FROM guard_look.orders;
    SELECT $1 + 'x'::date;
$$);
SELECT * FROM rlsproof.check_query('');
SELECT * FROM rlsproof.check_query(NULL);
SELECT rule FROM rlsproof.check_query('SELECT 1; DELETE FROM guard_look.orders', NULL);
SELECT ordinal, rule, sqlstate, message FROM rlsproof.check_query('SELECT ''unfinished; SELECT 1');
-- What a command runs: the statements of a block, a prepared statement, a materialized view; and what cannot be seen is said.
CREATE MATERIALIZED VIEW open_orders AS SELECT id, total FROM orders WHERE status = 'open';
CREATE PROCEDURE tidy() LANGUAGE sql AS 'DELETE FROM guard_look.orders';
SELECT ordinal, query, rule, sqlstate, message, detail FROM rlsproof.check_query($check$
    DO $$
    DECLARE person int; row record; state text := 'open';
    BEGIN
        DELETE FROM guard_look.orders;
        UPDATE guard_look.orders SET status = state WHERE user_id = person;
        FOR row IN SELECT * FROM guard_look.orders WHERE status = state LOOP
            person := row.user_id + 1;
            UPDATE guard_look.orders SET total = row.total WHERE id = row.id;
        END LOOP;
        person := (SELECT min(user_id) FROM guard_look.orders WHERE total > person);
        IF NOT FOUND THEN TRUNCATE guard_look.orders; END IF;
    END $$;
    DO $$ BEGIN EXECUTE 'SELECT 1'; PERFORM count(*) FROM guard_look.orders; END $$;
    DO LANGUAGE plperl 'elog(1)'; DO 'nonsense'; DO $$ BEGIN DELETE FROM guard_look.no_such_table; END $$;
    EXECUTE unheard; PREPARE heard AS UPDATE guard_look.orders SET total = 0; EXECUTE heard; EXPLAIN EXECUTE heard;
    CALL guard_look.tidy();
    EXPLAIN CREATE TABLE x AS SELECT id FROM guard_look.orders WHERE total = 1;
$check$);
SELECT ordinal, rule, message FROM rlsproof.check_query('REFRESH MATERIALIZED VIEW guard_look.open_orders; REFRESH MATERIALIZED VIEW guard_look.open_orders WITH NO DATA');
PREPARE known AS SELECT * FROM guard_look.orders;
SELECT ordinal, query, rule FROM rlsproof.check_query('EXECUTE known; CREATE TABLE x AS EXECUTE known; EXPLAIN ANALYZE EXECUTE known');
DEALLOCATE known;
SELECT count(*) FROM guard_look.orders;
-- As somebody: with that one's rights.
SELECT rlsproof.persona('guard_visitor', 'regress_guard_visitor');
SELECT ordinal, rule, sqlstate, message FROM rlsproof.check_query('SELECT * FROM guard_look.users; DELETE FROM guard_look.orders', 'guard_visitor');
SELECT ordinal, rule, message FROM rlsproof.check_query('SELECT * FROM guard_look.users');
SELECT ordinal, rule, message FROM rlsproof.check_query('SELECT 1', 'guard_nobody');
SELECT rlsproof.expect('guard_visitor', 'guard_look.orders', 'select', 'none');
SELECT ordinal, rule, message FROM rlsproof.check_query('SELECT * FROM guard_look.orders WHERE id = 1', 'guard_visitor');
-- The modes are those of the session, made stricter where labels of the statement ask for it.
SET rlsproof.rule_write_without_where = warn;
SET rlsproof.stricter = 'route=/cart write_without_where=error';
SELECT rule, mode FROM rlsproof.check_query('DELETE FROM guard_look.orders; DELETE FROM guard_look.orders /*route=''/cart''*/') WHERE rule = 'write_without_where';
SET rlsproof.stricter = '';
SET rlsproof.rule_write_without_where = error;
SELECT rule, mode FROM rlsproof.check_query('DELETE FROM guard_look.orders');
SET rlsproof.rule_write_without_where = off;
SELECT count(*) FROM orders;
SELECT current_user, current_setting('search_path');

-- plan_at_scale: costs are the server's and differ from version to version, what turns does not.
SELECT line FROM rlsproof.plan_at_scale('SELECT * FROM guard_look.orders WHERE status = $1', 100) WHERE part = 'turns';
SELECT DISTINCT part FROM rlsproof.plan_at_scale('SELECT * FROM guard_look.orders WHERE status = $1', 100) ORDER BY part;
SELECT line FROM rlsproof.plan_at_scale('SELECT * FROM guard_look.users WHERE id < 900', 0.001) WHERE part = 'turns';
SELECT line FROM rlsproof.plan_at_scale('SELECT * FROM guard_look.orders WHERE id = 5', 1000) WHERE part = 'turns';
SELECT line FROM rlsproof.plan_at_scale('SELECT * FROM guard_look.orders WHERE id = 5', 1) WHERE part = 'turns';
SELECT * FROM rlsproof.plan_at_scale('DELETE x');
SELECT * FROM rlsproof.plan_at_scale('SELECT 1; SELECT 2');
SELECT * FROM rlsproof.plan_at_scale('VACUUM');
SELECT * FROM rlsproof.plan_at_scale('SELECT 1', 0);
SELECT * FROM rlsproof.plan_at_scale('SELECT 1', 'NaN');
SELECT * FROM rlsproof.plan_at_scale('SELECT 1', 1e10);
SELECT * FROM rlsproof.plan_at_scale(NULL);
-- Nothing is larger afterwards.
EXPLAIN (COSTS OFF) SELECT * FROM orders WHERE id = 5;
DELETE FROM orders WHERE id < 0;
SELECT count(*) FROM orders;

-- guard_status: how it stands, and what it cannot see.
SELECT item, value, about FROM rlsproof.guard_status();
SET rlsproof.rule_full_scan = error;
SET rlsproof.stricter = 'route=/cart scan_rows=error';
SET rlsproof.rule_rows_read = log;
SET rlsproof.track_queries = on;
SET track_counts = off;
SELECT item, value FROM rlsproof.guard_status() WHERE item IN ('guard', 'rule_full_scan', 'rule_scan_rows', 'track_queries', 'counts', 'query_id');
SET rlsproof.guard = off;
SELECT item, value, about FROM rlsproof.guard_status() WHERE item = 'guard';
RESET rlsproof.guard;
-- Values that are none.
SET rlsproof.rule_full_scan = loud;
SET rlsproof.max_rows_read = -1;
SET rlsproof.n_plus_one_count = 1;
SET rlsproof.shared_events = 100;

RESET ALL;
SET client_min_messages = warning;
DELETE FROM rlsproof.expectations WHERE persona = 'guard_visitor';
DELETE FROM rlsproof.personas WHERE name = 'guard_visitor';
DROP SCHEMA guard_look CASCADE;
DROP ROLE regress_guard_visitor;
