-- apply_profile() and remove_profile(): what they set, what they say, and that nothing but that is undone.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SELECT current_database() AS db \gset
REVOKE TEMPORARY ON DATABASE :"db" FROM PUBLIC;
CREATE ROLE regress_agent LOGIN;
CREATE ROLE regress_agent_owner;
CREATE SCHEMA profiles;
GRANT USAGE ON SCHEMA profiles TO regress_agent;
CREATE VIEW set_for_agent AS
    SELECT d.datname, s FROM pg_db_role_setting r LEFT JOIN pg_database d ON d.oid = r.setdatabase, unnest(r.setconfig) s
    WHERE r.setrole = (SELECT oid FROM pg_roles WHERE rolname = 'regress_agent');

-- What is set by hand: kept, or come back to.
ALTER ROLE regress_agent SET work_mem = '8MB';
ALTER ROLE regress_agent SET rlsproof.max_result_rows = '50';
ALTER ROLE regress_agent SET rlsproof.rule_full_scan = 'warn';
ALTER ROLE regress_agent SET session_preload_libraries = auto_explain, 'plpgsql';
SELECT * FROM rlsproof.apply_profile('agent', 'regress_agent');
SELECT s FROM set_for_agent ORDER BY s COLLATE "C";
-- Again: nothing more happens.
SELECT count(*), count(before) FROM rlsproof.apply_profile('agent', 'regress_agent');
-- What is changed meanwhile is kept.
ALTER ROLE regress_agent SET rlsproof.max_statement_time = '5s';
SELECT * FROM rlsproof.remove_profile('agent', 'regress_agent') WHERE value IS NOT NULL;
SELECT s FROM set_for_agent ORDER BY s COLLATE "C";
SELECT count(*) FROM rlsproof.profiles;
SELECT * FROM rlsproof.remove_profile('agent', 'regress_agent');
ALTER ROLE regress_agent RESET ALL;
SELECT count(*) FROM rlsproof.apply_profile('agent', 'regress_agent');
SELECT count(*) FROM rlsproof.remove_profile('agent', 'regress_agent');
SELECT s FROM set_for_agent ORDER BY s COLLATE "C";

-- What settings cannot mend is said.
CREATE TABLE profiles.bare (id int, org_id int);
CREATE TABLE profiles.covered (id int, org_id int);
ALTER TABLE profiles.covered ENABLE ROW LEVEL SECURITY;
CREATE TABLE profiles.unknown (id int);
CREATE TABLE profiles.nobodys (id int);
CREATE TABLE profiles.hidden (id int);
CREATE TABLE profiles.parts (org_id int) PARTITION BY LIST (org_id);
CREATE TABLE profiles.part_1 PARTITION OF profiles.parts DEFAULT;
CREATE TABLE profiles.own (id int, org_id int);
ALTER TABLE profiles.own OWNER TO regress_agent;
GRANT SELECT ON profiles.bare, profiles.covered, profiles.unknown, profiles.nobodys, profiles.parts TO regress_agent;
GRANT SELECT (org_id) ON profiles.part_1 TO regress_agent;
GRANT CREATE ON SCHEMA profiles TO regress_agent;
GRANT regress_agent_owner TO regress_agent;
GRANT SET ON PARAMETER rlsproof.guard TO regress_agent;
ALTER ROLE regress_agent BYPASSRLS CREATEROLE NOLOGIN;
ALTER ROLE regress_agent IN DATABASE :"db" SET rlsproof.guard = off;
SELECT rlsproof.tenancy('profiles.*', 'org_id', 'setting:app.org');
SELECT rlsproof.tenancy('profiles.nobodys', 'none');
SELECT count(*) FROM rlsproof.apply_profile('agent', 'regress_agent');
SELECT count(*) FROM rlsproof.remove_profile('agent', 'regress_agent');

-- What is wrong is refused.
SELECT * FROM rlsproof.apply_profile('agents', 'regress_agent');
SELECT * FROM rlsproof.apply_profile('agent', 'regress_nobody');
SELECT * FROM rlsproof.apply_profile('agent', NULL);
SELECT * FROM rlsproof.remove_profile('agent', 'regress_nobody');
ALTER ROLE regress_agent SUPERUSER;
SELECT * FROM rlsproof.apply_profile('agent', 'regress_agent');
ALTER ROLE regress_agent NOSUPERUSER;
SET ROLE regress_agent_owner;
SELECT * FROM rlsproof.apply_profile('agent', 'regress_agent');
RESET ROLE;

DELETE FROM rlsproof.tenancies;
DROP SCHEMA profiles CASCADE;
DROP VIEW set_for_agent;
REVOKE SET ON PARAMETER rlsproof.guard FROM regress_agent;
DROP ROLE regress_agent, regress_agent_owner;
GRANT TEMPORARY ON DATABASE :"db" TO PUBLIC;
