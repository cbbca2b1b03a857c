-- The boundary between the server's errors and C++: nothing is lost of an error, and nothing is left behind by one.
-- test_state() says how many C++ objects are alive, how many errors contained() held back since the last call, and
-- whether the session is clean: no exception in flight, no entry open.
\set SHOW_CONTEXT always
\pset null ''
SET client_min_messages = warning;
CREATE SCHEMA boundary;
SET search_path = boundary, pg_catalog;
CREATE FUNCTION test_raise(place text, how text) RETURNS void LANGUAGE c PARALLEL SAFE
    AS '$libdir/rlsproof_test', 'test_raise';
CREATE FUNCTION test_position(subject text) RETURNS void LANGUAGE c AS '$libdir/rlsproof_test', 'test_position';
CREATE FUNCTION test_series(how text, count integer) RETURNS SETOF integer LANGUAGE c
    AS '$libdir/rlsproof_test', 'test_series';
CREATE FUNCTION test_trigger() RETURNS trigger LANGUAGE c AS '$libdir/rlsproof_test', 'test_trigger';
CREATE FUNCTION test_event_trigger() RETURNS event_trigger LANGUAGE c AS '$libdir/rlsproof_test', 'test_event_trigger';
CREATE FUNCTION test_nested(levels integer, how text) RETURNS void LANGUAGE c
    AS '$libdir/rlsproof_test', 'test_nested';
CREATE FUNCTION test_recurse(levels integer) RETURNS void LANGUAGE c AS '$libdir/rlsproof_test', 'test_recurse';
CREATE FUNCTION test_loop() RETURNS void LANGUAGE c AS '$libdir/rlsproof_test', 'test_loop';
CREATE FUNCTION test_state(OUT live integer, OUT contained integer, OUT clean boolean) LANGUAGE c
    AS '$libdir/rlsproof_test', 'test_state';
CREATE FUNCTION test_heap() RETURNS bigint LANGUAGE c AS '$libdir/rlsproof_test', 'test_heap';
CREATE FUNCTION test_probe(role oid, sql text, OUT ok boolean, OUT sqlstate text, OUT message text, OUT detail text,
    OUT hint text, OUT context text) LANGUAGE c AS '$libdir/rlsproof_test', 'test_probe';
CREATE FUNCTION test_keep(role oid, sql text, OUT ok boolean, OUT sqlstate text, OUT message text, OUT detail text,
    OUT hint text, OUT context text) LANGUAGE c AS '$libdir/rlsproof_test', 'test_keep';
CREATE FUNCTION test_probe_open(role oid, sql text, OUT ok boolean, OUT sqlstate text, OUT message text, OUT detail text,
    OUT hint text, OUT context text) LANGUAGE c AS '$libdir/rlsproof_test', 'test_probe_open';
CREATE FUNCTION test_keep_identity(role oid, sql text, OUT ok boolean, OUT sqlstate text, OUT message text,
    OUT detail text, OUT hint text, OUT context text) LANGUAGE c AS '$libdir/rlsproof_test', 'test_keep_identity';
CREATE FUNCTION test_probes(count integer, sql text) RETURNS integer LANGUAGE c
    AS '$libdir/rlsproof_test', 'test_probes';
CREATE FUNCTION test_on_top(count integer, how text) RETURNS integer LANGUAGE c
    AS '$libdir/rlsproof_test', 'test_on_top';

-- The whole record of an error of `statement`, on one line.
CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; message text; detail text; hint text; context text;
    nspname text; relname text; attname text; typname text; conname text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, nspname = SCHEMA_NAME, relname = TABLE_NAME, attname = COLUMN_NAME,
        typname = PG_DATATYPE_NAME, conname = CONSTRAINT_NAME;
    RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''), nullif(nspname, ''),
        nullif(relname, ''), nullif(attname, ''), nullif(typname, ''), nullif(conname, ''));
END $$;

-- 1. What was thrown, and what the client sees of it.
SELECT how, error_of(format('SELECT test_raise(''plain'', %L)', how))
    FROM unnest('{server,names,own,memory,exception,odd,nothing}'::text[]) WITH ORDINALITY AS t(how, n) ORDER BY n;
SELECT test_raise('plain', 'own');
SELECT test_raise('plain', 'names');
-- A position in a text of our own does not point into the client's query.
SELECT test_position('one two three');

-- 2. Through many levels of C++ and server code: the record stays whole, and so does the stack.
SELECT error_of('SELECT test_nested(3, ''names'')'), error_of('SELECT test_nested(3, ''own'')');
SELECT test_nested(2, 'server');
SELECT error_of('SELECT test_nested(300, ''memory'')'), error_of('SELECT test_nested(300, ''nothing'')');
SELECT error_of('SELECT test_recurse(2000)');
-- As deep as the stack goes, by recursion of ours and by recursion through the server.
SELECT left(error_of('SELECT test_recurse(-1)'), 36) AS own, left(error_of('SELECT test_nested(1000000, ''nothing'')'), 36) AS server;
SELECT * FROM test_state();

-- 3. In every kind of callback where the server lets an error pass.
CREATE TABLE t (a integer);
INSERT INTO t VALUES (1), (2);
SET test.how = 'own';
SET test.fail_at = 'post_parse_analyze'; SELECT 1 AS a;
SET test.fail_at = 'planner'; SELECT 1 AS a;
SET test.fail_at = 'get_relation_info'; SELECT a FROM t;
SET test.fail_at = 'set_rel_pathlist'; SELECT a FROM t;
SET test.fail_at = 'check_permissions'; SELECT a FROM t;
SET test.fail_at = 'executor_start'; SELECT a FROM t;
SET test.fail_at = 'executor_run'; SELECT a FROM t;
SET test.fail_at = 'executor_finish'; INSERT INTO t VALUES (3);
SET test.fail_at = 'executor_end'; INSERT INTO t VALUES (3);
SET test.fail_at = 'process_utility'; CREATE TABLE u ();
SET test.fail_at = 'object_access'; CREATE TABLE u ();
BEGIN; SET LOCAL test.fail_at = 'transaction_pre_commit'; INSERT INTO t VALUES (3); COMMIT;
BEGIN; SAVEPOINT s; SET LOCAL test.fail_at = 'subtransaction_pre_commit'; RELEASE s; COMMIT;
SET test.value = 'raise own';
SET test.value = 'raise server';
SET test.value = 'assign';
SELECT sum(a) FROM t, test_series('own', 3) AS s;
CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION test_trigger('own');
INSERT INTO t VALUES (3);
DROP TRIGGER t ON t;
CREATE EVENT TRIGGER rlsproof_boundary ON ddl_command_start EXECUTE FUNCTION test_event_trigger();
SET test.fail_at = 'event_trigger'; CREATE TABLE u ();
DROP EVENT TRIGGER rlsproof_boundary;
SELECT place, how, error_of(format('SELECT test_raise(%L, %L)', place, how))
    FROM unnest('{comparator,hash,walker,owned_context}'::text[]) WITH ORDINALITY AS p(place, n),
         unnest('{server,own,memory,odd}'::text[]) WITH ORDINALITY AS h(how, m)
    ORDER BY n, m;
-- The same places, failing in the other ways.
CREATE FUNCTION everywhere(how text) RETURNS TABLE (place text, error text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('test.how', how, false);
    FOREACH place IN ARRAY '{post_parse_analyze,planner,get_relation_info,set_rel_pathlist,check_permissions,
        executor_start,executor_run,executor_finish,executor_end,process_utility,object_access,subtransaction_pre_commit}'::text[]
    LOOP
        error := error_of(format('SET test.fail_at = %L; CREATE TABLE u AS SELECT a FROM t; ALTER TABLE u ADD b text;
            DO ''BEGIN BEGIN NULL; EXCEPTION WHEN raise_exception THEN NULL; END; END''; SELECT * FROM u; DROP TABLE u', place));
        PERFORM set_config('test.fail_at', '', false);
        RETURN NEXT;
    END LOOP;
END $$;
SELECT error, count(*) AS places FROM unnest('{server,names,own,memory,exception,odd}'::text[]) AS h(how), everywhere(how)
    GROUP BY error ORDER BY error COLLATE "C";
SELECT array_agg(a ORDER BY a) FROM t;
-- One of them, that of the assign hook above, was held back.
SELECT * FROM test_state();

-- 4. In callbacks where the server cannot bear an error: contained, whatever is thrown, and the statement succeeds.
CREATE FUNCTION quietly(how text) RETURNS TABLE (place text, contained integer) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('test.how', how, false);
    FOREACH place IN ARRAY '{subtransaction_start,subtransaction_commit,subtransaction_abort,resource_release,
        relation_invalidation,catalog_invalidation,emit_log}'::text[]
    LOOP
        PERFORM test_state();
        PERFORM set_config('test.fail_at', place, false);
        BEGIN
            CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
            ALTER TABLE t ALTER a SET STATISTICS 10;
            RAISE LOG 'something to log';
            RAISE EXCEPTION 'undo';
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
        BEGIN
            PERFORM 1;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
        PERFORM set_config('test.fail_at', '', false);
        contained := (test_state()).contained;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT how, q.* FROM unnest('{server,own,odd}'::text[]) WITH ORDINALITY AS h(how, n), quietly(how) AS q ORDER BY n, place COLLATE "C";
SET test.how = 'server';
BEGIN; SET LOCAL test.fail_at = 'transaction_commit'; COMMIT;
SELECT * FROM test_state();
BEGIN; SET LOCAL test.fail_at = 'transaction_abort'; ROLLBACK;
SELECT * FROM test_state();
SELECT test_raise('error_context', 'server');
SELECT test_raise('context_reset', 'odd');
SELECT * FROM test_state();

-- 5. In a parallel worker.
DO $$ BEGIN
    PERFORM set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
END $$;
SELECT test_raise('plain', 'own');
SELECT error_of('SELECT test_raise(''plain'', ''names'')');
SELECT * FROM test_state();
DO $$ BEGIN
    PERFORM set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
END $$;

-- 6. Stopped from outside, in the middle of C++.
SET statement_timeout = '50ms';
SELECT test_loop();
RESET statement_timeout;
SELECT pg_cancel_backend(pg_backend_pid()), test_loop();
SELECT * FROM test_state();

-- 7. Subtransactions: an error becomes a value, and everything is as it was.
CREATE ROLE regress_boundary;
GRANT USAGE ON SCHEMA boundary TO regress_boundary;
SELECT * FROM test_probe(0, 'INSERT INTO t VALUES (9)');
SELECT * FROM test_probe('regress_boundary'::regrole, 'SELECT * FROM t');
SELECT * FROM test_probe('regress_boundary'::regrole, 'SELECT current_user');
SELECT * FROM test_probe(0, 'SELECT test_raise(''plain'', ''names'')');
SELECT * FROM test_probe(0, 'SELEC nonsense');
SELECT * FROM test_keep(0, 'INSERT INTO t VALUES (10)');
SELECT * FROM test_keep(0, 'INSERT INTO t VALUES (11); SELECT 1 / 0');
-- An error in the work of the commit itself.
SET test.how = 'own';
SELECT sqlstate, message FROM test_keep(0, 'INSERT INTO t VALUES (12); SET LOCAL test.fail_at = ''subtransaction_pre_commit''');
-- Nested; with SPI connections left open; with the identity changed and kept.
SELECT ok FROM test_probe(0, 'SELECT test_keep(0, ''INSERT INTO t VALUES (13)''), test_probe(0, ''SELECT 1 / 0'')');
SELECT sqlstate FROM test_probe(0, 'SELECT test_raise(''plain'', ''own'') FROM test_probe(0, ''SELECT 1 / 0'')');
SELECT ok, sqlstate FROM test_probe_open(0, 'SELECT 1');
SELECT ok, sqlstate FROM test_probe_open(0, 'SELECT test_probe_open(0, ''SELECT 1 / 0''), test_nested(3, ''odd'')');
SELECT ok FROM test_keep_identity('regress_boundary'::regrole, '');
SELECT current_user = session_user AS same_user, array_agg(a ORDER BY a) FROM t;
-- A cancel is nobody's outcome.
SET statement_timeout = '50ms';
-- cut short
SELECT * FROM test_probe(0, 'SELECT pg_sleep(60)');
SELECT * FROM test_probe(0, 'SELECT test_probe(0, ''SELECT test_loop()'')');
RESET statement_timeout;
DO $$ BEGIN PERFORM test_probe(0, 'DO ''BEGIN ASSERT false; END'''); END $$;
-- Five thousand in one transaction.
BEGIN;
SELECT test_probes(5000, 'CREATE TABLE boundary.left_behind (); SET LOCAL ROLE regress_boundary; SELECT 1 / 0');
SELECT count(*) FROM generate_series(1, 500) AS n, test_probe(0, 'SELECT 1 / ' || n * 0) AS p WHERE NOT p.ok;
SELECT current_user = session_user AS same_user, current_setting('role') AS role, to_regclass('boundary.left_behind') AS left_behind;
COMMIT;
SELECT * FROM test_state();

-- 8. Tens of thousands of caught errors leave nothing: no C++ object, no memory of the server's, none of malloc's.
CREATE FUNCTION storm(count integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    hows text[] := '{server,names,own,memory,exception,odd}';
    places text[] := '{plain,comparator,walker,owned_context,plain}';
    caught bigint := 0;
BEGIN
    FOR i IN 1..count LOOP
        BEGIN
            PERFORM test_raise(places[1 + i % 5], hows[1 + i % 6]);
        EXCEPTION WHEN OTHERS THEN
            caught := caught + 1;
        END;
    END LOOP;
    RETURN caught;
END $$;
CREATE FUNCTION used() RETURNS bigint LANGUAGE sql AS 'SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts';
SELECT storm(500), test_probes(100, 'SELECT 1 / 0'), used() > 0, test_heap() > 0;
SELECT used() AS used, test_heap() AS heap \gset
SELECT storm(40000), test_probes(5000, 'SELECT 1 / 0');
SELECT used() - :used < 100000 AS server_memory_is_bounded, test_heap() - :heap < 300000 AS heap_is_bounded;
-- In callbacks that the server calls in a memory context that lives as long as the session, too.
SELECT how, test_on_top(5000, how) FROM unnest('{server,names,own,memory,exception,odd}'::text[]) WITH ORDINALITY AS h(how, n)
    ORDER BY n;
DO $$ BEGIN
    FOR i IN 1..3000 LOOP
        BEGIN
            PERFORM set_config('test.value', 'raise own', false);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
    END LOOP;
END $$;
SELECT used() - :used < 100000 AS server_memory_is_bounded, test_heap() - :heap < 300000 AS heap_is_bounded;
SELECT * FROM test_state();

DROP OWNED BY regress_boundary;
DROP ROLE regress_boundary;
DROP SCHEMA boundary CASCADE;
