-- A session's tenant that cannot be re-pointed: tenant_repointed, by every way a setting can be changed.
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA guard_tenant_lock;
SET search_path = guard_tenant_lock;
CREATE TABLE orders (id int PRIMARY KEY, org_id int, note text);
INSERT INTO orders SELECT g, 1 + g % 2, 'n' || g FROM generate_series(1, 6) g;
CREATE TABLE users (id int PRIMARY KEY, org_id int);
INSERT INTO users VALUES (1, 1), (2, 2);
CREATE VIEW repointing AS SELECT set_config('app.org', '2', true) AS org;
CREATE FUNCTION repoint(org text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''app.org'', org, true)';
CREATE FUNCTION as_org_2() RETURNS bigint LANGUAGE plpgsql SET app.org = '2'
    AS 'BEGIN RETURN (SELECT count(*) FROM guard_tenant_lock.orders WHERE org_id = 2); END';
CREATE FUNCTION as_org_1() RETURNS bigint LANGUAGE plpgsql SET app.org = '1'
    AS 'BEGIN RETURN (SELECT count(*) FROM guard_tenant_lock.orders WHERE org_id = 1); END';
CREATE FUNCTION own() RETURNS SETOF orders LANGUAGE sql STABLE
    AS 'SELECT * FROM guard_tenant_lock.orders WHERE org_id = nullif(current_setting(''app.org'', true), '''')::int';
SELECT rlsproof.tenancy('guard_tenant_lock.orders', 'org_id', 'setting:app.org');

-- Off, as every rule is: a transaction may change its mind.
BEGIN;
SET LOCAL app.org = '1';
SELECT count(*) FROM own();
SET LOCAL app.org = '2';
SELECT count(*) FROM own();
COMMIT;

SET rlsproof.rule_tenant_repointed = error;
-- One value for a transaction, another one for the next, and the same as often as one likes.
BEGIN;
SET LOCAL app.org = '1';
SET LOCAL app.org = '1';
SELECT set_config('app.org', '1', false);
SELECT count(*) FROM own();
COMMIT;
BEGIN;
SET LOCAL app.org = '2';
SELECT count(*) FROM own();
COMMIT;

-- Every way to another. Each is tried in a savepoint: after it the transaction has its tenant still.
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT set_config('app.org', '1', true);
SET app.org = '2';
\echo :LAST_ERROR_SQLSTATE
SET LOCAL app.org = '2';
SET SESSION app.org TO DEFAULT;
SET LOCAL app.org = '';
RESET app.org;
SELECT set_config('app.org', '2', true);
SELECT set_config('app.org', '2', false);
SELECT set_config('APP.ORG', '2', true);
SELECT set_config('app.org', NULL, true);
SELECT set_config('app.org', NULL, false);
SELECT set_config('app.org', '', true);
SELECT * FROM (SELECT set_config('app.org', '2', true) OFFSET 0) s, LATERAL (SELECT * FROM own() WHERE s IS NOT NULL) o;
WITH w AS MATERIALIZED (SELECT set_config('app.org', '2', true)) SELECT o.* FROM w, own() o;
SELECT id FROM orders WHERE org_id = set_config('app.org', '2', true)::int;
SELECT count(*) FROM repointing;
SELECT org FROM repointing;
SELECT repoint('2');
SELECT repoint('1');
SELECT as_org_2();
SELECT as_org_1();
DO $$ BEGIN PERFORM set_config('app.org', '2', true); END $$;
DO $$ DECLARE t text; BEGIN t := set_config('app.org', '2', true); END $$;
-- Caught by whoever made it, it is undone all the same.
DO $$ BEGIN PERFORM set_config('app.org', '2', true); EXCEPTION WHEN OTHERS THEN RAISE WARNING 'caught %', SQLSTATE; END $$;
PREPARE p(text) AS SELECT set_config('app.org', $1, true);
EXECUTE p('2');
EXECUTE p('1');
DEALLOCATE p;
DECLARE c CURSOR FOR SELECT set_config('app.org', '2', true);
FETCH c;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT set_config('app.org', '2', true);
COPY (SELECT set_config('app.org', '2', true)) TO STDOUT;
ALTER ROLE CURRENT_USER SET app.org = '2';
ALTER ROLE CURRENT_USER RESET app.org;
SELECT current_setting('app.org'), count(*) FROM own();
COMMIT;
\set ON_ERROR_ROLLBACK off

-- A savepoint that goes takes the tenant with it: no other comes in its place, and no table is read without.
RESET app.org;
BEGIN;
SAVEPOINT s;
SET LOCAL app.org = '1';
SELECT count(*) FROM own();
ROLLBACK TO s;
SELECT count(*) FROM own();
ROLLBACK TO s;
SET LOCAL app.org = '2';
ROLLBACK TO s;
SET LOCAL app.org = '1';
SELECT count(*) FROM own();
COMMIT;

-- What the session had before: held from the first statement on that touches a tenant's table.
SET app.org = '1';
BEGIN;
SET LOCAL app.org = '2';
ROLLBACK;
BEGIN;
SELECT count(*) FROM own();
SET LOCAL app.org = '2';
ROLLBACK;
BEGIN;
SELECT count(*) FROM own();
RESET app.org;
ROLLBACK;
-- Between transactions it is the application's to say.
RESET app.org;
SET app.org = '2';
DISCARD ALL;
LOAD 'rlsproof';
SET client_min_messages = warning;
SET search_path = guard_tenant_lock;
SET rlsproof.report_interval = 0;
SET rlsproof.rule_tenant_repointed = error;

-- A function with a tenant of its own, where the transaction has none: for as long as it runs.
BEGIN;
SELECT as_org_2(), as_org_1();
SET LOCAL app.org = '1';
SELECT as_org_2();
ROLLBACK;

-- For the session: the first value is the last.
SET rlsproof.tenant_lock = session;
BEGIN;
SET LOCAL app.org = '1';
SELECT count(*) FROM own();
COMMIT;
SET app.org = '2';
SELECT count(*) FROM own();
BEGIN;
SET LOCAL app.org = '1';
SELECT count(*) FROM own();
ROLLBACK;
-- Also the one it began with.
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET app.org = '1';
ALTER DATABASE :"db" SET rlsproof.rule_tenant_repointed = error;
ALTER DATABASE :"db" SET rlsproof.tenant_lock = session;
\c
LOAD 'rlsproof';
SET app.org = '2';
SELECT set_config('app.org', '2', true);
SET app.org = '1';
RESET ALL;
DISCARD ALL;
SELECT count(*) FROM guard_tenant_lock.own();
SET rlsproof.rule_tenant_repointed = off;
ALTER DATABASE :"db" RESET app.org;
-- All at once. What is set for a database or a role stays as it is.
\c
LOAD 'rlsproof';
BEGIN;
SET LOCAL app.org = '1';
RESET ALL;
ROLLBACK;
SET app.org = '1';
RESET ALL;
DISCARD ALL;
SHOW app.org;
SET rlsproof.rule_tenant_repointed = off;
ALTER DATABASE :"db" RESET rlsproof.rule_tenant_repointed;
ALTER DATABASE :"db" RESET rlsproof.tenant_lock;
\c
SET client_min_messages = warning;
SET search_path = guard_tenant_lock;
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET rlsproof.rule_tenant_repointed = error;

-- Claims are held as a whole, whichever of them is the tenant.
SELECT rlsproof.tenancy('guard_tenant_lock.users', 'org_id', 'claim:app_metadata.org');
BEGIN;
SET LOCAL request.jwt.claims = '{"sub": "a", "app_metadata": {"org": 1}}';
SELECT id FROM users WHERE org_id = (current_setting('request.jwt.claims', true)::jsonb -> 'app_metadata' ->> 'org')::int;
SELECT set_config('request.jwt.claims', '{"sub": "a", "app_metadata": {"org": 2}}', true);
ROLLBACK;

-- A query: what it names, and who is asking. Other settings can be added.
SELECT rlsproof.tenancy('guard_tenant_lock.users', 'org_id', 'query:select current_setting(''app.person'', true)::int where current_user <> ''x''');
CREATE ROLE regress_tenant_lock;
BEGIN;
SET LOCAL app.person = '1';
SET LOCAL app.person = '2';
ROLLBACK;
BEGIN;
SET LOCAL app.person = '1';
SELECT id FROM users WHERE org_id = 1;
SET ROLE regress_tenant_lock;
ROLLBACK;
BEGIN;
SET ROLE regress_tenant_lock;
RESET ROLE;
ROLLBACK;
BEGIN;
SET LOCAL ROLE regress_tenant_lock;
SELECT set_config('role', 'none', true);
ROLLBACK;
SET rlsproof.locked_settings = 'app.region, app.shard';
BEGIN;
SET LOCAL app.shard = '1';
SET LOCAL app.shard = '2';
ROLLBACK;
RESET rlsproof.locked_settings;
BEGIN;
SET LOCAL app.shard = '1';
SET LOCAL app.shard = '2';
ROLLBACK;

-- Warned of: it happens, and is told each time.
SET rlsproof.rule_tenant_repointed = warn;
BEGIN;
SET LOCAL app.org = '1';
SET LOCAL app.org = '2';
RESET app.org;
SET LOCAL app.org = '2';
SELECT count(*) FROM orders WHERE org_id = 2;
COMMIT;

-- A guarded role cannot loosen it.
SET ROLE regress_tenant_lock;
SET rlsproof.rule_tenant_repointed = off;
SET rlsproof.tenant_lock = transaction;
SET rlsproof.locked_settings = '';
RESET ROLE;
DROP SCHEMA guard_tenant_lock CASCADE;
DROP ROLE regress_tenant_lock;
DELETE FROM rlsproof.tenancies;
