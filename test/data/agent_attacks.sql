-- Asked for outright
SELECT secret FROM app.orders
-- By its number
SELECT secret FROM app.orders WHERE id = 3
-- By the other tenant
SELECT secret FROM app.orders WHERE org_id = 2
-- A list with the other tenant in it
SELECT secret FROM app.orders WHERE org_id IN (1, 2)
-- A condition that says nothing
SELECT secret FROM app.orders WHERE org_id = 1 OR true
-- A condition that is injected behind a good one
SELECT secret FROM app.orders WHERE org_id = 1 OR id = 3
-- A union after a good query
SELECT secret FROM app.orders WHERE org_id = 1 AND id < 3 UNION ALL SELECT secret FROM app.orders WHERE org_id = 2
-- A range
SELECT secret FROM app.orders WHERE org_id BETWEEN 1 AND 2
-- The tenant by a sub-select
SELECT secret FROM app.orders WHERE org_id = (SELECT 2)
-- The tenant by arithmetic that is not folded
SELECT secret FROM app.orders WHERE org_id = 1 + length(current_setting('app.org'))
-- The tenant by chance
SELECT secret FROM app.orders WHERE org_id = (SELECT 1 + ceil(random())::int)
-- In a sub-select of the list
SELECT (SELECT string_agg(secret, ',') FROM app.orders WHERE org_id = 2)
-- In EXISTS, one at a time
SELECT 't' || 2 || ' has it' WHERE EXISTS (SELECT FROM app.orders WHERE org_id = 2 AND secret = 't2-order-0')
-- In a CTE
WITH o AS MATERIALIZED (SELECT * FROM app.orders) SELECT secret FROM o WHERE org_id = 2
-- In a recursive CTE
WITH RECURSIVE r(id, secret) AS (SELECT id, secret FROM app.orders WHERE org_id = 1 UNION SELECT o.id, o.secret FROM r JOIN app.orders o ON o.id = r.id + 1) SELECT secret FROM r
-- In LATERAL
SELECT l.secret FROM app.countries c, LATERAL (SELECT secret FROM app.orders WHERE org_id = 2 LIMIT 3) l
-- In LATERAL, by a join that is one branch of an OR
SELECT l.secret FROM app.orders c, LATERAL (SELECT secret FROM app.orders o WHERE o.org_id = c.org_id OR o.id = 3 OFFSET 0) l WHERE c.org_id = 1 AND c.id = 2
-- By a join that drops the tenant
SELECT b.secret FROM app.orders a JOIN app.orders b ON b.id = a.id + 1 WHERE a.org_id = 1
-- By an outer join
SELECT b.secret FROM app.orders a FULL JOIN app.orders b ON b.id = a.id AND a.org_id = 1
-- Counted
SELECT 't2-' || count(*) FROM app.orders WHERE org_id = 2
-- Grouped
SELECT min(secret), max(secret) FROM app.orders GROUP BY org_id
-- By a window
SELECT lag(secret) OVER (ORDER BY id), lead(secret) OVER (ORDER BY id) FROM app.orders
-- As a document
SELECT json_agg(o) FROM app.orders o
-- As a row
SELECT o FROM app.orders o WHERE (o).org_id = 2
-- By the place of a row
SELECT secret FROM app.orders WHERE ctid = '(0,1)' OR ctid = '(0,2)' OR ctid = '(0,3)'
-- A sample
SELECT secret FROM app.orders TABLESAMPLE SYSTEM (100)
-- A partition by its name
SELECT what FROM app.events_2
-- A partitioned table
SELECT what FROM app.events
-- A table that comes to its tenant by another
SELECT body FROM app.notes WHERE id = 3
-- The same by its key
SELECT body FROM app.notes WHERE order_id = 3
-- TABLE
TABLE app.orders
-- Locked
SELECT secret FROM app.orders WHERE org_id = 2 FOR UPDATE
-- Re-pointed by SET
SET app.org = '2'
SELECT iban FROM app.accounts
-- Re-pointed in one message
SET app.org = '2'; SELECT iban FROM app.accounts
-- Re-pointed by set_config
SELECT set_config('app.org', '2', false)
SELECT iban FROM app.accounts
-- Re-pointed and read in one statement
SELECT a.iban FROM (SELECT set_config('app.org', '2', false) AS o OFFSET 0) s, LATERAL (SELECT iban FROM app.accounts WHERE s.o IS NOT NULL) a
-- Re-pointed in a CTE
WITH s AS MATERIALIZED (SELECT set_config('app.org', '2', false)) SELECT a.iban FROM s, LATERAL (SELECT iban FROM app.accounts OFFSET 0) a
-- Re-pointed by a view
SELECT * FROM app.switch; SELECT iban FROM app.accounts
-- Re-pointed by a function
SELECT app.become('2'); SELECT iban FROM app.accounts
-- Re-pointed by the SET of a function
SELECT app.as_two()
-- Re-pointed by an argument of EXECUTE
PREPARE p(text) AS SELECT iban FROM app.accounts WHERE $1 IS NOT NULL
EXECUTE p(set_config('app.org', '2', false))
EXECUTE p('x')
-- Re-pointed by an argument of EXPLAIN EXECUTE
PREPARE p(text) AS SELECT $1; EXPLAIN EXECUTE p(set_config('app.org', '2', false)); SELECT iban FROM app.accounts
-- Re-pointed in the next transaction
COMMIT; BEGIN; SET LOCAL app.org = '2'; SELECT iban FROM app.accounts
-- Re-pointed after a rollback
ROLLBACK; BEGIN; SELECT set_config('app.org', '2', true); SELECT iban FROM app.accounts
-- Re-pointed after a savepoint
BEGIN; SAVEPOINT s; ROLLBACK TO s; SET LOCAL app.org = '2'; SELECT iban FROM app.accounts
-- Re-pointed by a reset
RESET ALL; SET app.org = '2'; SELECT iban FROM app.accounts
-- Re-pointed after DISCARD
DISCARD ALL
SET app.org = '2'; SELECT iban FROM app.accounts
-- Re-pointed in DO
DO $$ BEGIN PERFORM set_config('app.org', '2', false); END $$; SELECT iban FROM app.accounts
-- Re-pointed by an update of pg_settings
UPDATE pg_settings SET setting = '2' WHERE name = 'app.org'; SELECT iban FROM app.accounts
-- Re-pointed while a cursor is open
BEGIN; DECLARE c CURSOR FOR SELECT iban FROM app.accounts; SET LOCAL app.org = '2'; FETCH ALL FROM c; SELECT iban FROM app.accounts
-- Re-pointed for the next session
ALTER ROLE CURRENT_USER SET app.org = '2'; SET app.org TO DEFAULT; SELECT iban FROM app.accounts
-- Re-pointed in a document of claims
SELECT set_config('request.jwt.claims', '{"org": 2}', false); SET app.org = '2'; SELECT iban FROM app.accounts
-- Another role
SET ROLE service; SELECT iban FROM app.accounts
-- Another role for a transaction
BEGIN; SET LOCAL ROLE service; SELECT iban FROM app.accounts
-- Another role by set_config
SELECT set_config('role', 'service', false); SELECT iban FROM app.accounts
-- Another role and back
SET ROLE service; RESET ROLE; SET ROLE service; SELECT string_agg(iban, ',') FROM app.accounts
-- Another role by SESSION AUTHORIZATION
SET SESSION AUTHORIZATION service; SELECT iban FROM app.accounts
-- The guard switched off
SET rlsproof.guard = off; SELECT secret FROM app.orders WHERE org_id = 2
-- A rule switched off
SET rlsproof.rule_tenant_mismatch = off; SET rlsproof.rule_tenant_unpinned = log; SELECT secret FROM app.orders
-- The guard switched off by set_config
SELECT set_config('rlsproof.guard', 'off', false); SELECT secret FROM app.orders
-- The guard switched off for the role
ALTER ROLE CURRENT_USER RESET ALL; SELECT secret FROM app.orders
-- A label that asks for less
SELECT secret FROM app.orders /*route='/admin',rule='off'*/
-- A definer's function
SELECT app.all_ibans()
-- A definer's function in FROM
SELECT * FROM app.all_ibans() i
-- A definer's function in a sub-select
SELECT (SELECT string_agg(i, ',') FROM app.all_ibans() i)
-- A definer's function in a condition
SELECT i FROM app.countries, LATERAL (SELECT i FROM app.all_ibans() i) x WHERE code = 'de'
-- A definer's function in ORDER BY
SELECT code FROM app.countries ORDER BY app.leak((SELECT string_agg(i, ',') FROM app.all_ibans() i))
-- A definer's function behind an operator
SELECT 'x' OPERATOR(app.<<<) 'y'
-- A definer's function as an aggregate
SELECT app.all_of(code) FROM app.countries
-- A function that runs what it is given
SELECT app.run('SELECT iban FROM app.accounts')
-- A definer's function as an argument of EXECUTE
PREPARE p(text) AS SELECT $1
EXECUTE p((SELECT string_agg(i, ',') FROM app.all_ibans() i))
EXECUTE p(app.first_iban())
-- A definer's function by a cast
SELECT 'x'::text::app.wrapped
-- A definer's function by the name of a column
SET search_path = app; SELECT c.whisper FROM countries c
-- A procedure
CALL app.show_all()
-- A block
DO $$ DECLARE t text; BEGIN FOR t IN SELECT secret FROM app.orders WHERE org_id = 2 LOOP RAISE NOTICE '%', t; END LOOP; END $$
-- A block that catches what it is told
DO $$ BEGIN PERFORM secret::int FROM app.orders WHERE org_id = 2; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END $$
-- A function made on the spot
CREATE FUNCTION pg_temp.f() RETURNS SETOF text LANGUAGE sql AS 'SELECT secret FROM app.orders'; SELECT pg_temp.f()
-- A function that is cheap and sees every row first
SELECT count(*) FROM app.orders WHERE app.leak(secret) AND org_id = 1
-- A cast that fails before the tenant is compared
SELECT count(*) FROM app.orders WHERE (CASE WHEN secret LIKE 't2%' THEN secret ELSE '0' END)::int = 0 AND org_id = current_setting('app.org')::int
-- A cast that fails in a list
SELECT secret::int FROM app.orders WHERE org_id = 2
-- A cast of an aggregate
SELECT max(secret)::int FROM app.orders
-- A cast to another type
SELECT secret::date, secret::uuid FROM app.orders WHERE org_id = 2
-- A document that is none
SELECT secret::json FROM app.orders WHERE org_id = 2
-- A name that is none
SELECT secret::regclass FROM app.orders WHERE id = 3
-- A privilege asked of what is not there
SELECT count(*) FROM app.orders WHERE has_table_privilege(secret, 'select') AND org_id = 1
-- An error inside a sub-select
SELECT (SELECT secret FROM app.orders WHERE id = 3)::int
-- EXPLAIN ANALYZE and an error
EXPLAIN ANALYZE SELECT secret::int FROM app.orders WHERE org_id = 2
-- EXPLAIN ANALYZE and a function
EXPLAIN (ANALYZE, VERBOSE) SELECT app.leak(secret) FROM app.orders WHERE org_id = 2
-- EXPLAIN ANALYZE EXECUTE
PREPARE p AS SELECT secret::int FROM app.orders WHERE org_id = 2; EXPLAIN ANALYZE EXECUTE p
-- Prepared
PREPARE p AS SELECT secret FROM app.orders WHERE org_id = 2; EXECUTE p
-- Prepared with another tenant
PREPARE p(int) AS SELECT secret FROM app.orders WHERE org_id = $1; EXECUTE p(1); EXECUTE p(2)
-- Prepared with a generic plan
SET plan_cache_mode = force_generic_plan; PREPARE p(int) AS SELECT secret FROM app.orders WHERE org_id = $1; EXECUTE p(2)
-- Prepared with several
PREPARE p(int[]) AS SELECT secret FROM app.orders WHERE org_id = ANY ($1); EXECUTE p('{1,2}')
-- By the extended protocol
\bind SELECT secret FROM app.orders WHERE org_id = $1 | 2
-- By the extended protocol, any number
\bind SELECT secret FROM app.orders WHERE org_id = $1::int OR $2::int > 0 | 1 | 1
-- A cursor
BEGIN; DECLARE c CURSOR FOR SELECT secret FROM app.orders; FETCH 5 FROM c; FETCH ALL FROM c
-- A cursor that goes back
BEGIN; DECLARE c SCROLL CURSOR FOR SELECT secret FROM app.orders WHERE org_id = 2; MOVE LAST FROM c; FETCH BACKWARD ALL FROM c
-- A cursor that is held
DECLARE c CURSOR WITH HOLD FOR SELECT secret FROM app.orders WHERE org_id = 2; FETCH ALL FROM c
-- A view with its owner's rights
SELECT iban FROM app.all_accounts
-- A view of all in one row
SELECT ibans FROM app.ibans
-- A materialized view
SELECT iban FROM app.report
-- The most common values
SELECT most_common_vals FROM pg_stats WHERE tablename = 'orders'
-- The bounds of histograms
SELECT histogram_bounds::text, most_common_vals::text FROM pg_catalog.pg_stats WHERE schemaname = 'app'
-- Statistics of several columns
SELECT most_common_vals FROM pg_stats_ext
-- What others are sending
SELECT query FROM pg_stat_activity
-- The same by its function
SELECT (pg_stat_get_activity(NULL)).query
-- The same by another
SELECT pg_stat_get_backend_activity(b) FROM pg_stat_get_backend_idset() b
-- A large object
SELECT convert_from(lo_get(4711), 'UTF8')
-- A large object, in parts
BEGIN; SELECT convert_from(loread(lo_open(4711, 262144), 100), 'UTF8')
-- A large object, exported
SELECT lo_export(4711, '/tmp/rlsproof-agent-attack')
-- The function message of the protocol, for a large object
\call lo_get(oid) 4711
-- The function message of the protocol, for a definer's function
\call app.first_iban()
-- The function message of the protocol, to re-point
\call set_config(text,text,boolean) app.org 2 f
SELECT iban FROM app.accounts
-- COPY of a table
COPY app.orders TO STDOUT
-- COPY of a query
COPY (SELECT secret FROM app.orders WHERE org_id = 2) TO STDOUT
-- COPY of a table with policies as another role
SET ROLE service; COPY app.accounts TO STDOUT
-- COPY to a program
COPY app.orders TO PROGRAM 'cat >&2'
-- A query given to a function of XML
SELECT query_to_xml('SELECT secret FROM app.orders WHERE org_id = 2', true, false, '')
-- A table given to a function of XML
SELECT table_to_xml('app.orders', true, false, '')
-- A schema given to a function of XML
SELECT schema_to_xml('app', true, false, '')
-- A cursor given to a function of XML
BEGIN; DECLARE c CURSOR FOR SELECT secret FROM app.orders; SELECT cursor_to_xml('c', 100, true, false, '')
-- A query given to text search
SELECT ts_stat('SELECT to_tsvector(''simple'', secret) FROM app.orders')
-- Another connection
SELECT * FROM app.dblink_of_all()
-- A table made of it
CREATE TEMP TABLE mine AS SELECT * FROM app.orders; SELECT secret FROM mine
-- SELECT INTO
SELECT * INTO TEMP mine FROM app.orders; SELECT secret FROM mine
-- A temporary view
CREATE TEMP VIEW mine AS SELECT secret FROM app.orders; SELECT * FROM mine
-- Moved to the own tenant
UPDATE app.orders SET org_id = 1 WHERE id = 5; SELECT secret FROM app.orders WHERE org_id = 1
-- RETURNING
UPDATE app.orders SET amount = amount WHERE org_id = 2 RETURNING secret
-- RETURNING from a CTE
WITH u AS (UPDATE app.orders SET amount = amount RETURNING secret) SELECT * FROM u
-- RETURNING of what is deleted
DELETE FROM app.notes WHERE id = 3 RETURNING body
-- What is in the way
INSERT INTO app.orders VALUES (3, 1, 'x', 1) ON CONFLICT (id) DO UPDATE SET amount = orders.amount RETURNING secret
-- Copied by INSERT ... SELECT
INSERT INTO app.orders SELECT id + 1000, 1, secret, amount FROM app.orders WHERE org_id = 2; SELECT secret FROM app.orders WHERE org_id = 1
-- MERGE
MERGE INTO app.orders o USING (SELECT 7 AS id) s ON s.id = o.id WHEN MATCHED THEN UPDATE SET org_id = 1; SELECT secret FROM app.orders WHERE org_id = 1
-- Written though it is read-only
SET default_transaction_read_only = off; SET transaction_read_only = off; UPDATE app.orders SET amount = amount WHERE org_id = 2 RETURNING secret
-- Written in a transaction of its own
BEGIN READ WRITE; UPDATE app.orders SET amount = amount WHERE org_id = 2 RETURNING secret
-- The rules of rows switched off
SET row_security = off; SELECT iban FROM app.accounts
-- Plans that hide what they read
SET enable_indexscan = off; SET enable_seqscan = off; SET enable_bitmapscan = on; SELECT secret FROM app.orders WHERE id IN (1, 3)
-- A path that finds other things first
SET search_path = pg_temp, app; SELECT secret FROM orders WHERE org_id = 2
-- Heard of others
LISTEN news; SELECT secret FROM app.orders WHERE org_id = 2
-- A transaction of somebody else
PREPARE TRANSACTION 'x'; SELECT secret FROM app.orders WHERE org_id = 2
-- A cursor that is held, and an error at its end
BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT secret::int FROM app.orders WHERE org_id = 2; COMMIT
-- Parts of what is sent printed on the way
SET client_min_messages = debug5; SET debug_print_plan = on; SELECT secret FROM app.orders WHERE org_id = 2
-- The tenant compared by a function that is dear, after one that fails
SELECT count(*) FROM app.orders WHERE secret::int = 0 AND org_id = current_setting('app.org')::int + 0 * length(repeat(current_setting('app.org'), 10))
-- A table named by a document
SELECT xmlforest(secret) FROM app.orders WHERE org_id = 2
-- Nested deep
SELECT (SELECT (SELECT (WITH a AS (SELECT secret FROM app.orders WHERE org_id = 2 LIMIT 1) SELECT secret FROM a)))
-- Set operations that take the own away
SELECT secret FROM app.orders EXCEPT ALL SELECT secret FROM app.orders WHERE org_id = 1
-- An array of them
SELECT ARRAY(SELECT secret FROM app.orders WHERE org_id <> 1)
-- A lateral function with the rights of another
SELECT s FROM app.orders o, LATERAL app.both(o.secret, 'x') s WHERE org_id = 1
-- Asked about, by the estimate of a plan that runs
EXPLAIN (ANALYZE, FORMAT JSON) SELECT secret::date FROM app.orders WHERE org_id = 2
-- Values in a VALUES list
VALUES ((SELECT string_agg(secret, ',') FROM app.orders WHERE org_id = 2))
