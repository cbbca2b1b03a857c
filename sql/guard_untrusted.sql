-- Rules for SQL that nobody vouches for: read_only, unlisted_command, unlisted_function, catalog_read; errors without values.
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\set VERBOSITY default
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA guard_untrusted;
SET search_path = guard_untrusted;
CREATE TABLE t (id int PRIMARY KEY, note text);
INSERT INTO t VALUES (1, 'one'), (2, 'two');
CREATE FUNCTION own(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN pg_stat_clear_snapshot()::text || $1 || (SELECT count(*) FROM pg_catalog.pg_class WHERE false); END';
CREATE FUNCTION written() RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE guard_untrusted.t SET note = note; END';
CREATE PROCEDURE done() LANGUAGE plpgsql AS 'BEGIN PERFORM pg_stat_clear_snapshot(); END';
CREATE VIEW slow AS SELECT id, pg_stat_clear_snapshot()::text AS slept FROM t;
CREATE OPERATOR <<< (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);

-- Reading and nothing else.
SET rlsproof.rule_read_only = error;
SELECT note FROM t WHERE id = 1;
UPDATE t SET note = 'x';
\echo :LAST_ERROR_SQLSTATE
INSERT INTO t VALUES (3, 'x');
DELETE FROM t;
MERGE INTO t USING (SELECT 1 AS id) s ON s.id = t.id WHEN MATCHED THEN DELETE;
WITH u AS (UPDATE t SET note = 'x' RETURNING note) SELECT * FROM u;
SELECT note FROM t FOR UPDATE;
SELECT note FROM t WHERE id = 1 FOR SHARE;
TRUNCATE t;
CREATE TABLE x (a int);
CREATE TEMP TABLE x AS SELECT 1;
SELECT 1 AS a INTO x;
DROP TABLE t;
COPY t FROM STDIN;
\.
GRANT SELECT ON t TO PUBLIC;
EXPLAIN (COSTS OFF) DELETE FROM t;
PREPARE d AS DELETE FROM t;
EXECUTE d;
DEALLOCATE d;
SELECT written();
DO $$ BEGIN DELETE FROM guard_untrusted.t; END $$;
BEGIN READ WRITE;
SET TRANSACTION READ WRITE;
DELETE FROM t;
ROLLBACK;
SELECT count(*) FROM t;
SET rlsproof.rule_read_only = off;

-- Commands.
SET rlsproof.rule_unlisted_command = error;
BEGIN; SAVEPOINT a; ROLLBACK TO a; RELEASE a; COMMIT;
BEGIN; DECLARE c CURSOR FOR SELECT note FROM t ORDER BY id; FETCH c; MOVE c; CLOSE c; ROLLBACK;
PREPARE p(int, int[]) AS SELECT note FROM t WHERE id = $1 OR id = ANY ($2);
EXECUTE p(1, '{}'); EXECUTE p(-1, ARRAY[2, 3]::int[]);
EXECUTE p(1 + 1, '{}');
\echo :LAST_ERROR_SQLSTATE
EXECUTE p((SELECT 1), '{}');
EXPLAIN (COSTS OFF) EXECUTE p(length('a'), '{}');
DEALLOCATE p;
SHOW timezone;
SET application_name = 'x'; SET TIME ZONE 'UTC'; SET NAMES 'UTF8'; SET SEARCH_PATH = guard_untrusted; RESET application_name;
BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ROLLBACK;
SET statement_timeout = 0;
SET row_security = off;
SET app.org = '1';
SET ROLE pg_monitor;
RESET ROLE;
SET SESSION AUTHORIZATION DEFAULT;
RESET ALL;
DISCARD PLANS;
SET TRANSACTION SNAPSHOT '00000003-0000001B-1';
PREPARE TRANSACTION 'x';
DO $$ BEGIN END $$;
LOCK TABLE t;
COPY t TO STDOUT;
LISTEN x;
NOTIFY x;
LOAD 'plpgsql';
VACUUM t;
EXPLAIN (COSTS OFF) SELECT 1;
EXPLAIN ANALYZE SELECT 1;
EXPLAIN (ANALYZE off, COSTS OFF) SELECT 1;
CALL done();
-- The settings that say a tenant are its to set.
SET rlsproof.rule_unlisted_command = off;
SELECT rlsproof.tenancy('guard_untrusted.t', 'id', 'setting:app.org');
SET rlsproof.rule_unlisted_command = error;
SET rlsproof.rule_unlisted_function = error;
SET app.org = '1';
SELECT set_config('app.org', '1', true);
-- As far as they are held.
SET rlsproof.rule_tenant_repointed = error;
SET rlsproof.locked_settings = 'app.shard, role';
BEGIN;
SET LOCAL app.org = '1';
SELECT set_config('APP.org', '1', true), set_config('app.shard', '7', true);
SELECT set_config('app.org', '2', true);
ROLLBACK;
SELECT set_config('app.' || 'org', '1', true);
SELECT set_config(note, '1', true) FROM t;
SELECT set_config(NULL, '1', true);
SELECT set_config('role', 'none', true);
SET ROLE NONE;
RESET rlsproof.locked_settings;
SET rlsproof.rule_tenant_repointed = off;
SET rlsproof.rule_unlisted_function = off;
SET rlsproof.rule_unlisted_command = off;
DELETE FROM rlsproof.tenancies;

-- Functions.
SET rlsproof.rule_unlisted_function = error;
SELECT upper(note), length(note) + 1, note || 'x', count(*) OVER (), to_char(date '2026-01-02', 'YYYY'), random() < 2, now() > '2020-01-01',
    json_build_object('a', id), ARRAY[id] && '{1}', (id, note) < (2, 'x'), id::text, note COLLATE "C" FROM t WHERE id IN (1, 3) ORDER BY note;
SELECT sum(id), array_agg(note ORDER BY id), string_agg(note, ',' ORDER BY id), percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM t;
SELECT g FROM generate_series(1, 2) g;
SELECT pg_stat_clear_snapshot();
\echo :LAST_ERROR_SQLSTATE
SELECT set_config('a.b', 'c', true);
SELECT own('x');
SELECT id FROM t WHERE own(note) = 'x';
SELECT id FROM t ORDER BY own(note);
SELECT id FROM t GROUP BY id, own(note) HAVING own('x') IS NULL;
SELECT * FROM own('x');
SELECT (SELECT own('x'));
WITH w AS (SELECT own('x')) SELECT * FROM w;
SELECT * FROM t, LATERAL own(note);
SELECT id FROM t LIMIT length(own('x'));
SELECT CASE WHEN false THEN own('x') END;
SELECT note OPERATOR(guard_untrusted.<<<) 'x' FROM t;
SELECT 'own'::text::regproc;
SELECT lo_get(1);
SELECT query_to_xml('SELECT 1', true, true, '');
SELECT pg_read_file('x');
SELECT has_table_privilege('t', 'select');
SELECT current_setting('server_version_num')::int > 1, 'guard_untrusted.t'::regclass;
CALL done();
PREPARE p AS SELECT own('x');
EXPLAIN SELECT own('x');
DECLARE c CURSOR WITH HOLD FOR SELECT own('x');
COPY (SELECT own('x')) TO STDOUT;
-- What others wrote is theirs to answer for: views, and what runs inside of a function that is listed.
SELECT id, slept FROM slow;
SET rlsproof.listed_functions = 'public.*, guard_untrusted.ow*,guard_untrusted.done';
SET rlsproof.rule_catalog_read = error;
SELECT own('x');
CALL done();
SELECT written();
RESET rlsproof.listed_functions;
SET rlsproof.rule_unlisted_function = off;

-- Catalogs.
SELECT count(*) > 0 FROM pg_catalog.pg_namespace;
SELECT table_name FROM information_schema.tables WHERE table_schema = 'guard_untrusted' ORDER BY 1;
SELECT count(*) FROM pg_stats;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM pg_stat_activity;
SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject);
WITH c AS (SELECT relpartbound FROM pg_class) SELECT * FROM c;
SET rlsproof.rule_catalog_read = off;

-- Errors: what they say of values.
SELECT note::int FROM t;
SET rlsproof.hide_error_values = on;
SELECT note::int FROM t;
\echo :LAST_ERROR_SQLSTATE
SELECT 1 / (id - 1) FROM t;
SELECT note::regclass FROM t;
INSERT INTO t VALUES (1, 'twice');
SELECT nothing FROM t;
DO $$ BEGIN PERFORM note::int FROM guard_untrusted.t; EXCEPTION WHEN OTHERS THEN RAISE WARNING 'told: %', SQLERRM; END $$;
DO $$ BEGIN RAISE EXCEPTION 'meant'; END $$;
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT note::int FROM t;
COMMIT;
SET rlsproof.rule_full_scan = error;
SET rlsproof.small_table = 0;
SELECT count(*) FROM t WHERE note = 'x';
RESET rlsproof.hide_error_values;
RESET rlsproof.rule_full_scan;

-- Warned of. check_query() says these where they are on.
SET rlsproof.rule_unlisted_function = warn;
SET rlsproof.rule_read_only = warn;
SELECT own('x');
BEGIN;
UPDATE t SET note = note WHERE id = 1;
ROLLBACK;
SELECT ordinal, rule, mode, detail FROM rlsproof.check_query('SELECT guard_untrusted.own(note) FROM guard_untrusted.t WHERE id = 1; INSERT INTO guard_untrusted.t VALUES (3); DROP TABLE guard_untrusted.t');
SET rlsproof.rule_unlisted_function = off;
SET rlsproof.rule_read_only = off;
SELECT ordinal, rule, mode FROM rlsproof.check_query('SELECT guard_untrusted.own(note) FROM guard_untrusted.t WHERE id = 1; INSERT INTO guard_untrusted.t VALUES (3); DROP TABLE guard_untrusted.t');
DROP SCHEMA guard_untrusted CASCADE;
