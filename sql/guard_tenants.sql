-- The tenant rules as far as a plan tells: tenant_unpinned, tenant_mismatch, tenant_unset.
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA guard_tenants;
SET search_path = guard_tenants;
CREATE TABLE orgs (id int PRIMARY KEY, name text);
CREATE TABLE users (id int PRIMARY KEY, org_id int, email text);
CREATE TABLE memberships (org_id int, user_id int, PRIMARY KEY (user_id, org_id));
CREATE TABLE orders (id int PRIMARY KEY, org_id int, user_id int, status text);
CREATE INDEX ON orders (org_id);
CREATE TABLE projects (id int PRIMARY KEY, org_id int NOT NULL, is_template bool NOT NULL DEFAULT false);
CREATE TABLE tasks (id int PRIMARY KEY, project_id int NOT NULL REFERENCES projects, body text);
CREATE TABLE plain (id int PRIMARY KEY, note text);
INSERT INTO orgs SELECT g, 'o' || g FROM generate_series(1, 3) g;
INSERT INTO users SELECT g, 1 + g % 3, 'u' || g FROM generate_series(1, 9) g;
INSERT INTO memberships VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO orders SELECT g, 1 + g % 3, 1 + g % 9, 'paid' FROM generate_series(1, 300) g;
INSERT INTO projects SELECT g, 1 + g % 3, g > 28 FROM generate_series(1, 30) g;
INSERT INTO tasks SELECT g, 1 + g % 30, 't' FROM generate_series(1, 90) g;
ANALYZE orders, users, memberships, projects, tasks;

-- Nothing is declared: nothing is said.
SET rlsproof.rule_tenant_unpinned = warn;
SET rlsproof.rule_tenant_mismatch = warn;
SET rlsproof.rule_tenant_unset = warn;
SELECT count(*) FROM orders;
SELECT rlsproof.tenancy('guard_tenants.*', 'org_id', 'setting:app.org');
SELECT rlsproof.tenancy('guard_tenants.projects', 'org_id', 'setting:app.org', 'is_template');
SELECT rlsproof.tenancy('guard_tenants.tasks', 'project_id -> guard_tenants.projects.org_id', 'setting:app.org');
SELECT rlsproof.tenancy('guard_tenants.memberships', 'none');

-- No tenant in the session.
SELECT count(*) FROM orders WHERE org_id = 1;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM plain;
SELECT count(*) FROM memberships;
SET app.org = '';
SELECT count(*) FROM orders WHERE org_id = 1;
SET app.org = 'nobody';
SELECT count(*) FROM orders WHERE org_id = 1;
SET app.org = '1';

-- Pinned to the session's tenant.
SELECT count(*) FROM orders WHERE org_id = 1;
SELECT count(*) FROM orders WHERE 1 = org_id AND status = 'paid';
SELECT count(*) FROM orders WHERE org_id = 1::bigint;
SELECT count(*) FROM orders WHERE org_id = current_setting('app.org')::int;
SELECT count(*) FROM orders WHERE org_id = (SELECT nullif(current_setting('app.org', true), '')::int);
SELECT count(*) FROM orders WHERE org_id IN (1);
SELECT count(*) FROM orders WHERE org_id = 1 OR org_id = 1 AND status = 'x';
SELECT count(*) FROM orders o JOIN users u ON u.org_id = o.org_id WHERE u.org_id = 1;
SELECT count(*) FROM orders o LEFT JOIN users u ON u.org_id = o.org_id WHERE o.org_id = 1;
-- Pinned to another.
SELECT count(*) FROM orders WHERE org_id = 2;
SELECT count(*) FROM orders WHERE org_id IN (1, 2, 3);
SELECT count(*) FROM orders WHERE org_id = 2 AND org_id = current_setting('app.org')::int;
SELECT count(*) FROM orders o JOIN users u ON u.org_id = o.org_id WHERE u.org_id = 2;
SELECT count(*) FROM orders WHERE org_id = 1 UNION ALL SELECT count(*) FROM orders WHERE org_id = 3;
UPDATE orders SET status = 'x' WHERE org_id = 2 AND id = 4;
DELETE FROM orders WHERE org_id = 2 AND id = 4;
-- Not pinned.
SELECT count(*) FROM orders;
SELECT status FROM orders WHERE id = 5;
SELECT count(*) FROM orders WHERE org_id > 1;
SELECT count(*) FROM orders WHERE org_id::text = '1';
SELECT count(*) FROM orders WHERE org_id = 1 OR status = 'x';
SELECT count(*) FROM orders WHERE NOT org_id = 1;
SELECT count(*) FROM orders WHERE org_id = id;
SELECT count(*) FROM orders WHERE org_id IS NOT NULL;
SELECT id FROM orders WHERE org_id = (random() * 3)::int LIMIT 0;
SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id WHERE u.org_id = 1;
SELECT count(*) FROM (SELECT *, row_number() OVER () FROM orders) o WHERE org_id = 1;
UPDATE orders SET status = 'y' WHERE id = 5;
WITH gone AS (DELETE FROM orders WHERE id = 5 RETURNING org_id) SELECT * FROM gone;
-- Held by another table: to one tenant, or to those of its rows.
SELECT count(*) FROM orders WHERE org_id = (SELECT org_id FROM memberships WHERE user_id = 2);
SELECT count(*) FROM orders WHERE org_id IN (SELECT org_id FROM memberships WHERE user_id = 1);
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.user_id = 1;
SELECT count(*) FROM orders o WHERE EXISTS (SELECT FROM memberships m WHERE m.org_id = o.org_id AND m.user_id = 1);
SELECT count(*) FROM orders WHERE org_id = ANY (ARRAY(SELECT org_id FROM memberships WHERE user_id = 1));
-- Two tables that nothing holds hold each other to nothing, however they are joined.
SET rlsproof.rule_tenant_mismatch = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT count(*) FROM orders o JOIN users u ON u.org_id = o.org_id;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.user_id = 1;
SET enable_nestloop = off;
SET enable_hashjoin = on;
SELECT count(*) FROM orders o JOIN users u ON u.org_id = o.org_id;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.user_id = 1;
SET enable_hashjoin = off;
SET enable_mergejoin = on;
SELECT count(*) FROM orders o JOIN users u ON u.org_id = o.org_id;
SELECT count(*) FROM orders o JOIN memberships m USING (org_id) WHERE m.user_id = 1;
RESET enable_hashjoin;
RESET enable_nestloop;
-- Outer joins: the side that is kept whole is held by nothing.
SELECT count(*) FROM orders o LEFT JOIN memberships m ON m.org_id = o.org_id AND m.user_id = 1;
SELECT count(*) FROM memberships m LEFT JOIN orders o ON m.org_id = o.org_id WHERE m.user_id = 1;
SELECT count(*) FROM orders o FULL JOIN (SELECT * FROM memberships WHERE user_id = 1) m ON m.org_id = o.org_id;
SET rlsproof.rule_tenant_mismatch = warn;

-- Parameters: plans are made once, values compared each time.
PREPARE of_org(int) AS SELECT count(*) FROM orders WHERE org_id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE of_org(1);
EXECUTE of_org(2);
EXECUTE of_org(NULL);
SET app.org = '2';
EXECUTE of_org(2);
SET plan_cache_mode = force_custom_plan;
EXECUTE of_org(1);
EXECUTE of_org(2);
SET app.org = '1';
PREPARE of_orgs(int[]) AS SELECT count(*) FROM orders WHERE org_id = ANY ($1);
SET plan_cache_mode = force_generic_plan;
EXECUTE of_orgs('{1}');
EXECUTE of_orgs('{1,3,NULL}');
RESET plan_cache_mode;
DO $$ DECLARE o int := 3; n int; BEGIN
    SELECT count(*) INTO n FROM guard_tenants.orders WHERE org_id = o;
    o := 1;
    SELECT count(*) INTO n FROM guard_tenants.orders WHERE org_id = o;
END $$;

-- Partial indexes leave their condition out of the plan.
CREATE INDEX only_one ON orders (id) WHERE org_id = 2;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM orders WHERE org_id = 2 AND id > 0 ORDER BY id;
SELECT count(*) FROM (SELECT id FROM orders WHERE org_id = 2 AND id > 0 ORDER BY id) o;
RESET enable_seqscan;
RESET enable_bitmapscan;
DROP INDEX only_one;

-- Shared rows.
SELECT count(*) FROM projects WHERE is_template;
SELECT count(*) FROM projects WHERE org_id = 1 OR is_template;
SELECT count(*) FROM projects WHERE org_id = 2 OR is_template;
SELECT count(*) FROM projects WHERE org_id = 1 OR NOT is_template;
SELECT count(*) FROM orders WHERE org_id IS NULL;
SELECT count(*) FROM orders WHERE org_id = 1 OR org_id IS NULL;
SELECT rlsproof.tenancy('guard_tenants.orders', 'org_id', 'setting:app.org', 'null');
SELECT count(*) FROM orders WHERE org_id IS NULL;
SELECT count(*) FROM orders WHERE org_id = 1 OR org_id IS NULL;
SELECT count(*) FROM orders WHERE org_id = 2 OR org_id IS NULL;
DELETE FROM rlsproof.tenancies WHERE relation = 'guard_tenants.orders';

-- Tables that come to a tenant by a path.
SELECT count(*) FROM tasks;
SELECT count(*) FROM tasks WHERE id = 1;
SELECT count(*) FROM tasks WHERE project_id = 7;
SELECT count(*) FROM tasks t JOIN projects p ON p.id = t.project_id WHERE p.org_id = 1;
SELECT count(*) FROM tasks t JOIN projects p ON p.id = t.project_id WHERE p.org_id = 2;
SELECT count(*) FROM tasks WHERE project_id IN (SELECT id FROM projects WHERE org_id = 1);

-- Policies are conditions like others; with no tenant they let nothing through, and nobody would know why.
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON orders USING (org_id = nullif(current_setting('app.org', true), '')::int);
CREATE ROLE regress_tenant_app;
GRANT USAGE ON SCHEMA guard_tenants TO regress_tenant_app;
GRANT ALL ON ALL TABLES IN SCHEMA guard_tenants TO regress_tenant_app;
SET ROLE regress_tenant_app;
SELECT count(*) FROM orders;
SELECT count(*) FROM orders WHERE org_id = 2;
SET app.org = '';
SELECT count(*) FROM orders;
SELECT count(*) FROM orders WHERE id = 7;
RESET ROLE;
SET app.org = '1';
SELECT count(*) FROM orders;
-- Inside functions and views, whoever's rights they have.
CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT count(*) FROM guard_tenants.orders); END';
CREATE VIEW all_orders AS SELECT * FROM orders;
GRANT SELECT ON all_orders TO regress_tenant_app;
SET ROLE regress_tenant_app;
SELECT counted();
SELECT count(*) FROM all_orders;
SELECT count(*) FROM all_orders WHERE org_id = 1;
RESET ROLE;

-- Modes, SQLSTATEs, EXPLAIN, cursors, COPY.
SET rlsproof.rule_tenant_unpinned = error;
SET rlsproof.rule_tenant_mismatch = error;
SET rlsproof.rule_tenant_unset = error;
SELECT count(*) FROM orders;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM orders WHERE org_id = 2;
\echo :LAST_ERROR_SQLSTATE
EXPLAIN (COSTS OFF) SELECT status FROM orders WHERE org_id = 2 AND id = 1;
PREPARE all_of AS SELECT count(*) FROM orders;
EXECUTE all_of;
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM orders;
COPY orders TO STDOUT;
COPY (SELECT * FROM orders WHERE org_id = 3) TO STDOUT;
COPY plain TO STDOUT;
RESET app.org;
SELECT count(*) FROM orders WHERE org_id = 1;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO orders VALUES (1001, 1, 1, 'x');
INSERT INTO plain VALUES (1, 'x');
SET app.org = '1';
INSERT INTO orders VALUES (1001, 1, 1, 'x');
SELECT count(*) FROM orders WHERE org_id = 1 AND id = 1001;
-- Foreign keys are checked on the server's own behalf.
INSERT INTO tasks VALUES (1001, 5, 'x');
-- A waiver, by table and by role.
INSERT INTO rlsproof.waivers SELECT r, 'guard_tenants.orders', 'nightly report', '2999-01-01' FROM unnest('{tenant_unpinned,tenant_mismatch}'::text[]) r;
SELECT count(*) FROM orders;
SELECT count(*) FROM users;
DELETE FROM rlsproof.waivers;
SELECT count(*) FROM orders;
DEALLOCATE all_of;

-- Plans that were made before: under other declarations, or before anybody asked.
SET rlsproof.rule_tenant_unpinned = off;
SET rlsproof.rule_tenant_mismatch = off;
SET rlsproof.rule_tenant_unset = off;
PREPARE early(int) AS SELECT count(*) FROM users WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE early(1);
SET rlsproof.rule_tenant_unpinned = warn;
EXECUTE early(1);
UPDATE rlsproof.tenancies SET tenant = 'id' WHERE relation = 'guard_tenants.*';
EXECUTE early(1);
UPDATE rlsproof.tenancies SET tenant = 'org_id' WHERE relation = 'guard_tenants.*';
EXECUTE early(1);
BEGIN;
DELETE FROM rlsproof.tenancies;
EXECUTE early(1);
ROLLBACK;
EXECUTE early(1);
RESET plan_cache_mode;

-- Several tenants of one session, by an array, a claim and a query.
SET rlsproof.rule_tenant_mismatch = warn;
SET rlsproof.rule_tenant_unset = warn;
SELECT rlsproof.tenancy('guard_tenants.users', 'org_id', 'setting:app.orgs[]');
SET app.orgs = '{1,2}';
SELECT count(*) FROM users WHERE org_id = 2;
SELECT count(*) FROM users WHERE org_id IN (1, 2);
SELECT count(*) FROM users WHERE org_id IN (1, 3);
SELECT count(*) FROM users WHERE org_id = ANY (current_setting('app.orgs')::int[]);
SET app.orgs = '{1,';
SELECT count(*) FROM users WHERE org_id = 1;
SELECT rlsproof.tenancy('guard_tenants.users', 'org_id', 'claim:app_metadata.orgs');
SET request.jwt.claims = '{"app_metadata": {"orgs": [1, "2"]}}';
SELECT count(*) FROM users WHERE org_id = 2;
SELECT count(*) FROM users WHERE org_id = 3;
SET request.jwt.claims = '{"app_metadata": {"orgs": 3}}';
SELECT count(*) FROM users WHERE org_id = 3;
SET request.jwt.claims = '{"sub": "1"}';
SELECT count(*) FROM users WHERE org_id = 3;
SET request.jwt.claims = 'no json';
SELECT count(*) FROM users WHERE org_id = 3;
SELECT rlsproof.tenancy('guard_tenants.users', 'org_id', 'claim:org');
SET request.jwt.claims = '{"org": "2"}';
SELECT count(*) FROM users WHERE org_id = (current_setting('request.jwt.claims', true)::jsonb ->> 'org')::int;
SELECT count(*) FROM users WHERE org_id = (current_setting('request.jwt.claims', true)::jsonb ->> 'orgs')::int;
SELECT rlsproof.tenancy('guard_tenants.users', 'org_id', 'query:select org_id from guard_tenants.memberships where user_id = current_setting(''app.person'', true)::int');
SET app.person = '1';
SELECT count(*) FROM users WHERE org_id = 2;
SELECT count(*) FROM users WHERE org_id = 3;
SET app.person = '9';
SELECT count(*) FROM users WHERE org_id = 3;
SET app.person = 'x';
SELECT count(*) FROM users WHERE org_id = 3;
SET app.person = '2';
SELECT count(*) FROM users a, users b WHERE a.org_id = 3 AND b.org_id = 3;

-- Partitions speak for their table, whatever the order of their columns.
CREATE TABLE events (org_id int, id int, kind text) PARTITION BY LIST (org_id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_2 (kind text, gone int, id int, org_id int);
ALTER TABLE events_2 DROP COLUMN gone;
ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES IN (2, 3);
CREATE TABLE apart (org_id int, id int);
CREATE TABLE apart_child (extra text) INHERITS (apart);
INSERT INTO events SELECT 1 + g % 3, g, 'k' FROM generate_series(1, 30) g;
SET app.org = '1';
SELECT count(*) FROM events;
SELECT count(*) FROM events WHERE org_id = 1;
SELECT count(*) FROM events WHERE org_id = 2;
SELECT count(*) FROM events_2 WHERE id = 3;
SELECT count(*) FROM apart WHERE id = 3;
DELETE FROM rlsproof.tenancies WHERE relation = 'guard_tenants.*';
SELECT count(*) FROM events;
SELECT rlsproof.tenancy('guard_tenants.events', 'org_id', 'setting:app.org');
SELECT count(*) FROM events_2 WHERE org_id = 3;
SELECT count(*) FROM events_1 WHERE org_id = 3;

-- Other types, and equality that is another than the column's.
CREATE TABLE texts (tenant text, id int);
CREATE TABLE uuids (tenant uuid, id int);
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT rlsproof.tenancy('guard_tenants.texts', 'tenant', 'setting:app.tenant');
SELECT rlsproof.tenancy('guard_tenants.uuids', 'tenant', 'setting:app.tenant');
SET app.tenant = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11';
SELECT count(*) FROM uuids WHERE tenant = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
SELECT count(*) FROM uuids WHERE tenant = 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
SELECT count(*) FROM texts WHERE tenant = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
SELECT count(*) FROM texts WHERE tenant = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::varchar;
SELECT count(*) FROM texts WHERE tenant LIKE 'A0%';
SELECT count(*) FROM texts WHERE tenant = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' COLLATE loose;

-- Asking first.
SELECT rule, sqlstate, message, detail, hint FROM rlsproof.check_query('SELECT * FROM guard_tenants.texts; SELECT * FROM guard_tenants.texts WHERE tenant = ''x''; DELETE FROM guard_tenants.texts WHERE tenant = current_setting(''app.tenant''); TRUNCATE guard_tenants.texts') WHERE rule LIKE 'tenant%';
-- Stricter by label; and nobody guarded can turn it off.
SET rlsproof.rule_tenant_unpinned = off;
SET rlsproof.stricter = 'role=regress_tenant_app tenant_unpinned=error';
GRANT SELECT ON texts TO regress_tenant_app;
SELECT count(*) FROM texts;
SET ROLE regress_tenant_app;
SELECT count(*) FROM texts;
SET rlsproof.rule_tenant_mismatch = off;
DELETE FROM rlsproof.tenancies;
SELECT rlsproof.tenancy('guard_tenants.texts', 'none');
RESET ROLE;
SET rlsproof.stricter = '';
DELETE FROM rlsproof.tenancies;
DROP SCHEMA guard_tenants CASCADE;
DROP ROLE regress_tenant_app;
