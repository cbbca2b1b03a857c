-- What everybody sees, the next token may let be changed: of a row of its own a hook makes the role that UPDATE and DELETE ask for.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA late_writes;
GRANT USAGE ON SCHEMA late_writes TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA late_writes GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION late_writes.jwt() RETURNS jsonb LANGUAGE sql STABLE RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION late_writes.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (late_writes.jwt() ->> 'sub')::uuid;
CREATE TABLE late_writes.users (id uuid PRIMARY KEY, raw_app_meta_data jsonb);
CREATE TABLE late_writes.roles (person uuid PRIMARY KEY REFERENCES late_writes.users, role text NOT NULL DEFAULT 'user');
CREATE TABLE late_writes.bills (id uuid PRIMARY KEY, person uuid NOT NULL REFERENCES late_writes.users, amount int);
CREATE POLICY own ON late_writes.users FOR SELECT USING (id = late_writes.uid());
CREATE POLICY own ON late_writes.roles FOR SELECT USING (person = late_writes.uid());
CREATE FUNCTION late_writes.custom_access_token_hook(event jsonb) RETURNS jsonb LANGUAGE plpgsql SET search_path = '' AS $$ DECLARE found_role text; BEGIN
    SELECT r.role INTO found_role FROM late_writes.roles r WHERE r.person = (event ->> 'user_id')::uuid;
    RETURN jsonb_set(event, '{claims,user_role}', coalesce(to_jsonb(found_role), 'null')); END $$;
REVOKE EXECUTE ON FUNCTION late_writes.custom_access_token_hook FROM PUBLIC;
CREATE TABLE late_writes.teams (id uuid PRIMARY KEY, name text);
CREATE TABLE late_writes.members (team uuid NOT NULL REFERENCES late_writes.teams, person uuid NOT NULL REFERENCES late_writes.users,
    role text NOT NULL DEFAULT 'user', PRIMARY KEY (team, person));
CREATE TABLE late_writes.boards (id uuid PRIMARY KEY, team uuid NOT NULL REFERENCES late_writes.teams, person uuid REFERENCES late_writes.users, note text);
CREATE POLICY own ON late_writes.members FOR SELECT USING (person = late_writes.uid());
CREATE POLICY seen ON late_writes.bills FOR SELECT USING (late_writes.uid() IS NOT NULL);
CREATE POLICY bosses ON late_writes.bills FOR UPDATE USING (late_writes.jwt() ->> 'user_role' = 'boss');
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'late_writes'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION pg_temp.told() RETURNS TABLE (rule text, level text, object text, message text) LANGUAGE sql AS
    $$ SELECT rule, level, object, message FROM rlsproof.audit() WHERE rule IN ('writable_authority', 'self_promotion', 'role_without_tenant') AND object LIKE 'late_writes.%' ORDER BY 1, 3 $$;
SELECT * FROM pg_temp.told();
-- The own role may be set.
CREATE POLICY edit ON late_writes.roles FOR UPDATE USING (person = late_writes.uid());
SELECT * FROM pg_temp.told();
-- By DELETE.
DROP POLICY bosses ON late_writes.bills;
CREATE POLICY bosses ON late_writes.bills FOR DELETE USING (late_writes.jwt() ->> 'user_role' = 'boss');
SELECT * FROM pg_temp.told();
-- What it must not say: where the role is the one that everybody may have.
ALTER POLICY edit ON late_writes.roles WITH CHECK (person = late_writes.uid() AND role = 'user');
SELECT * FROM pg_temp.told();
DROP POLICY edit ON late_writes.roles;
-- A role that is held in one team, and that the token says without it.
CREATE OR REPLACE FUNCTION late_writes.custom_access_token_hook(event jsonb) RETURNS jsonb LANGUAGE plpgsql SET search_path = '' AS $$ DECLARE found_role text; BEGIN
    SELECT m.role INTO found_role FROM late_writes.members m WHERE m.person = (event ->> 'user_id')::uuid LIMIT 1;
    RETURN jsonb_set(event, '{claims,user_role}', coalesce(to_jsonb(found_role), 'null')); END $$;
CREATE POLICY ours ON late_writes.boards FOR SELECT USING (team IN (SELECT m.team FROM late_writes.members m WHERE m.person = late_writes.uid()));
CREATE POLICY heads ON late_writes.boards FOR UPDATE USING (late_writes.jwt() ->> 'user_role' = 'head');
SELECT * FROM pg_temp.told();
ALTER POLICY heads ON late_writes.boards USING (late_writes.jwt() ->> 'user_role' = 'head' AND team IN (SELECT m.team FROM late_writes.members m WHERE m.person = late_writes.uid()));
SELECT * FROM pg_temp.told();
DROP SCHEMA late_writes CASCADE;
DROP ROLE anon, authenticated;
