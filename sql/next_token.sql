-- What a token says is made of rows: by a hook that is asked for claims, or by whatever writes app_metadata into an account.
-- Whoever writes such a row sees nothing by it until the next token is made.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA token_it;
GRANT USAGE ON SCHEMA token_it TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA token_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION token_it.jwt() RETURNS jsonb LANGUAGE sql STABLE
    RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION token_it.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (token_it.jwt() ->> 'sub')::uuid;
CREATE FUNCTION token_it.is_boss() RETURNS boolean LANGUAGE sql STABLE RETURN token_it.jwt() ->> 'user_role' = 'boss';
CREATE TABLE token_it.users (id uuid PRIMARY KEY, raw_app_meta_data jsonb);
CREATE TABLE token_it.roles (person uuid PRIMARY KEY REFERENCES token_it.users, role text NOT NULL DEFAULT 'user');
CREATE TABLE token_it.profiles (id uuid PRIMARY KEY REFERENCES token_it.users, name text, rank text NOT NULL DEFAULT 'user');
CREATE TABLE token_it.bills (id uuid PRIMARY KEY, person uuid NOT NULL REFERENCES token_it.users, amount int);
CREATE TABLE token_it.notes (id uuid PRIMARY KEY, person uuid NOT NULL REFERENCES token_it.users, note text);
CREATE TABLE token_it.plans (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, plan text);
CREATE POLICY own ON token_it.users FOR SELECT USING (id = token_it.uid());
CREATE POLICY own ON token_it.roles FOR SELECT USING (person = token_it.uid());
CREATE POLICY own ON token_it.profiles FOR SELECT USING (id = token_it.uid());
CREATE POLICY bosses ON token_it.bills FOR SELECT USING (token_it.is_boss() OR person = token_it.uid());
CREATE POLICY heads ON token_it.notes FOR SELECT USING (token_it.jwt() -> 'app_metadata' ->> 'rank' = 'head' OR person = token_it.uid());
CREATE POLICY tenant ON token_it.plans FOR SELECT USING (tenant_id = (token_it.jwt() -> 'app_metadata' ->> 'tenant_id')::uuid);
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'token_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION token_it.custom_access_token_hook(event jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = '' AS $$
DECLARE
    found_role text;
BEGIN
    SELECT r.role INTO found_role FROM token_it.roles r WHERE r.person = (event ->> 'user_id')::uuid;
    RETURN jsonb_set(event, '{claims,user_role}', coalesce(to_jsonb(found_role), 'null'));
END $$;
REVOKE EXECUTE ON FUNCTION token_it.custom_access_token_hook FROM PUBLIC;

-- Nobody writes to the table that the hook reads.
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- The own role may be set, and put in by those who have none.
CREATE POLICY edit ON token_it.roles FOR UPDATE USING (person = token_it.uid());
CREATE POLICY enter ON token_it.roles FOR INSERT WITH CHECK (person = token_it.uid());
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer', 'token_it.roles') WHERE command IN ('INSERT', 'UPDATE');
SELECT rule, object, message, detail FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- Whoever calls the hook sees no row of that table: the token says nothing of it.
CREATE ROLE supabase_auth_admin;
GRANT USAGE ON SCHEMA token_it TO supabase_auth_admin;
GRANT SELECT ON token_it.roles TO supabase_auth_admin;
GRANT EXECUTE ON FUNCTION token_it.custom_access_token_hook TO supabase_auth_admin;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
-- Known by who may call it, whatever its name is.
ALTER FUNCTION token_it.custom_access_token_hook RENAME TO add_claims;
CREATE POLICY signing_in ON token_it.roles FOR SELECT TO supabase_auth_admin USING (true);
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- The role that everybody may have is let in, and no other.
DROP POLICY edit ON token_it.roles;
DROP POLICY enter ON token_it.roles;
CREATE POLICY enter ON token_it.roles FOR INSERT WITH CHECK (person = token_it.uid() AND role = 'user');
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP FUNCTION token_it.add_claims;

-- A trigger copies the rank of a profile into the account. The own profile may be changed; its rank as well.
CREATE FUNCTION token_it.copy_rank() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    UPDATE token_it.users SET raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || jsonb_build_object('rank', new.rank) WHERE id = new.id;
    RETURN new;
END $$;
CREATE TRIGGER copy_rank AFTER INSERT OR UPDATE ON token_it.profiles FOR EACH ROW EXECUTE FUNCTION token_it.copy_rank();
CREATE POLICY edit ON token_it.profiles FOR UPDATE USING (id = token_it.uid());
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer', 'token_it.profiles', 'UPDATE');
SELECT rule, object, message, detail FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
-- Its name alone.
REVOKE UPDATE ON token_it.profiles FROM authenticated;
GRANT UPDATE (name) ON token_it.profiles TO authenticated;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- A call says which tenant the next token is of; then it asks for a membership.
CREATE TABLE token_it.members (tenant_id uuid, person uuid REFERENCES token_it.users, PRIMARY KEY (tenant_id, person));
ALTER TABLE token_it.members ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION token_it.switch_tenant(p_tenant uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    UPDATE token_it.users SET raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || jsonb_build_object('tenant_id', p_tenant)
    WHERE id = token_it.uid();
END $$;
SELECT rule, object, message, detail FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
CREATE OR REPLACE FUNCTION token_it.switch_tenant(p_tenant uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM token_it.members m WHERE m.tenant_id = p_tenant AND m.person = token_it.uid()) THEN
        RAISE EXCEPTION 'no member';
    END IF;
    UPDATE token_it.users SET raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || jsonb_build_object('tenant_id', p_tenant)
    WHERE id = token_it.uid();
END $$;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP SCHEMA token_it CASCADE;
DROP ROLE anon, authenticated, supabase_auth_admin;
