-- Whose rows are whose: what tenancy() takes and refuses, what draft_tenancy() proposes, what becomes of declarations.
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA tenancy;
SET search_path = tenancy;
CREATE TABLE orgs (id int PRIMARY KEY, name text);
CREATE TABLE users (id int PRIMARY KEY, email text);
CREATE TABLE memberships (org_id int REFERENCES orgs, user_id int REFERENCES users, PRIMARY KEY (org_id, user_id));
CREATE TABLE projects (id int PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, owner_id int REFERENCES users, is_template bool);
CREATE TABLE tasks (id int PRIMARY KEY, project_id int NOT NULL REFERENCES projects, "Odd ""name" int);
CREATE TABLE comments (id int PRIMARY KEY, task_id int REFERENCES tasks, author_id int NOT NULL REFERENCES users);
CREATE TABLE countries (code text PRIMARY KEY);
CREATE TABLE loose (a int, b int);
CREATE VIEW shown AS SELECT * FROM projects;

-- What is taken.
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'setting:app.tenant_id', 'is_template', 'by hand');
SELECT rlsproof.tenancy('tenancy.tasks', 'project_id->tenancy.projects.org_id', 'claim:app_metadata.org_id');
SELECT rlsproof.tenancy('tenancy.comments', 'task_id -> tenancy.tasks.project_id -> tenancy.projects.org_id',
                        'query: select org_id from tenancy.memberships where user_id = current_setting(''app.user'')::int ; ');
SELECT rlsproof.tenancy('tenancy.*', 'org_id', 'setting:app.tenant_ids[]', 'null');
SELECT rlsproof.tenancy('tenancy.countries', 'none');
SELECT * FROM rlsproof.tenancies ORDER BY relation COLLATE "C";
-- Once more is a replacement.
SELECT rlsproof.tenancy('tenancy.countries', 'code', NULL, NULL, 'after all');
SELECT rlsproof.tenancy('tenancy.tasks', '"project_id"->"tenancy"."projects"."org_id"', 'claim: "a.b" . c');
SELECT relation, tenant, session, note FROM rlsproof.tenancies WHERE relation IN ('tenancy.tasks', 'tenancy.countries') ORDER BY relation COLLATE "C";
SELECT rlsproof.tenancy('tenancy.tasks', 'Odd "name');
SELECT tenant FROM rlsproof.tenancies WHERE relation = 'tenancy.tasks';
-- With a warning: what may come.
SELECT rlsproof.tenancy('nowhere.*', 'org_id');
SELECT rlsproof.tenancy('tenancy.*', 'organisation');
SELECT rlsproof.tenancy('tenancy.*', 'org_id', 'setting:app.tenant_id');

-- What is refused, and what would be right.
SELECT rlsproof.tenancy(NULL, 'org_id');
SELECT rlsproof.tenancy('tenancy.projects', '');
SELECT rlsproof.tenancy('tenancy.project', 'org_id');
SELECT rlsproof.tenancy('tenancy.shown', 'org_id');
SELECT rlsproof.tenancy('rpc:pg_catalog.now()', 'org_id');
SELECT rlsproof.tenancy('tenancy.projects', 'organisation');
SELECT rlsproof.tenancy('tenancy.projects', NULL);
SELECT rlsproof.tenancy('tenancy.tasks', 'project_id -> org_id');
SELECT rlsproof.tenancy('tenancy.tasks', 'project_id ->');
SELECT rlsproof.tenancy('tenancy.tasks', 'project_id -> tenancy.project.org_id');
SELECT rlsproof.tenancy('tenancy.tasks', 'project_id -> tenancy.projects.tenant');
SELECT rlsproof.tenancy('tenancy.tasks', 'project -> tenancy.projects.org_id');
SELECT rlsproof.tenancy('tenancy.tasks', 'project_id -> tenancy.loose.a');
SELECT rlsproof.tenancy('tenancy.*', 'project_id -> tenancy.projects.org_id');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'app.tenant_id');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'setting:tenant');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'setting:app tenant');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'claim:a..b');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'query:select nothing from tenancy.memberships');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'query:select org_id, user_id from tenancy.memberships');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'query:select now()');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'query:select 1); drop table x; --');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', NULL, 'template');
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', NULL, 'id');
SELECT rlsproof.tenancy('tenancy.countries', 'none', 'setting:app.tenant_id');
\echo :LAST_ERROR_SQLSTATE
SELECT relation, tenant FROM rlsproof.tenancies WHERE relation = 'tenancy.projects';

-- Scopes that name their tenant column.
SELECT rlsproof.scope('tenancy.projects', 'own', 'org_id = 1', 'org_id');
SELECT rlsproof.tenancy('tenancy.projects', NULL, 'setting:app.tenant_id');
SELECT tenant IS NULL FROM rlsproof.tenancies WHERE relation = 'tenancy.projects';
SELECT rlsproof.tenancy('tenancy.projects', 'org_id', 'setting:app.tenant_id', 'is_template');

-- A declaration whose table or column is gone is a finding.
SELECT rlsproof.tenancy('tenancy.loose', 'a');
ALTER TABLE loose RENAME a TO c;
ALTER TABLE countries RENAME TO lands;
ALTER TABLE projects DROP COLUMN is_template CASCADE;
SELECT object, message, fix FROM rlsproof.audit() WHERE rule = 'stale_declaration' AND message ~ 'tenancy' ORDER BY object COLLATE "C";
DELETE FROM rlsproof.tenancies;
DELETE FROM rlsproof.scopes;

-- A draft: nothing to go by but foreign keys, then policies, which know how a session knows.
SELECT * FROM rlsproof.draft_tenancy() d WHERE d !~ 'read every line' ;
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON projects USING (org_id = (current_setting('app.org', true))::int OR org_id IS NULL);
SELECT * FROM rlsproof.draft_tenancy() d WHERE d ~ '^SELECT|tenant is';
CREATE FUNCTION jwt() RETURNS jsonb STABLE LANGUAGE sql AS $$ SELECT current_setting('request.jwt.claims', true)::jsonb $$;
ALTER POLICY tenant ON projects USING (org_id = (((SELECT tenancy.jwt()) -> 'app_metadata') ->> 'org_id')::int);
SELECT * FROM rlsproof.draft_tenancy() d WHERE d ~ 'tenancy.projects''';
ALTER POLICY tenant ON projects USING (org_id = (tenancy.jwt() ->> 'org')::int);
SELECT * FROM rlsproof.draft_tenancy() d WHERE d ~ 'tenancy.projects''';
ALTER POLICY tenant ON projects USING (org_id IN (SELECT m.org_id FROM tenancy.memberships m WHERE m.user_id = (tenancy.jwt() ->> 'sub')::int));
SELECT * FROM rlsproof.draft_tenancy() d WHERE d ~ 'tenancy.projects''';
-- A sub-select that needs the row is no way to know a session's tenant.
ALTER POLICY tenant ON projects USING (org_id IN (SELECT m.org_id FROM tenancy.memberships m WHERE m.user_id = projects.owner_id));
SELECT * FROM rlsproof.draft_tenancy() d WHERE d ~ 'tenancy.projects''';
-- What is drafted is taken as it is, and what is declared is drafted no more.
ALTER POLICY tenant ON projects USING (org_id = (current_setting('app.org', true))::int);
SELECT d AS line FROM rlsproof.draft_tenancy() d WHERE d ~ '^SELECT' \gexec
SELECT relation, tenant, session FROM rlsproof.tenancies ORDER BY relation COLLATE "C";
SELECT * FROM rlsproof.draft_tenancy() d WHERE d ~ '^SELECT';
DELETE FROM rlsproof.tenancies;
-- Policies that hand the column to a helper ask it who is a member; a table that joins both says so.
DROP POLICY tenant ON projects;
CREATE SCHEMA auth;
CREATE FUNCTION auth.uid() RETURNS int STABLE LANGUAGE sql AS $$ SELECT current_setting('app.user', true)::int $$;
CREATE FUNCTION is_member(org int) RETURNS boolean STABLE SECURITY DEFINER LANGUAGE sql
    AS $$ SELECT EXISTS (SELECT FROM tenancy.memberships m WHERE m.org_id = org AND m.user_id = auth.uid()) $$;
CREATE POLICY members ON projects USING (tenancy.is_member(org_id));
ALTER TABLE comments ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON comments USING (author_id = (SELECT auth.uid()));
SELECT * FROM rlsproof.draft_tenancy() d WHERE d ~ 'tenant is|tenancy.projects''';
DROP SCHEMA auth CASCADE;
DROP SCHEMA tenancy CASCADE;
SELECT * FROM rlsproof.draft_tenancy();
