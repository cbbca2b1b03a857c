-- A token that nobody makes: the hook does what no rollback undoes, so that it is not called. What may be written to what it goes by
-- is not known to open nothing.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA not_made;
GRANT USAGE ON SCHEMA not_made TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA not_made GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION not_made.jwt() RETURNS jsonb LANGUAGE sql STABLE RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION not_made.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (not_made.jwt() ->> 'sub')::uuid;
CREATE TABLE not_made.users (id uuid PRIMARY KEY, raw_app_meta_data jsonb);
CREATE TABLE not_made.roles (person uuid PRIMARY KEY REFERENCES not_made.users, role text NOT NULL DEFAULT 'user');
CREATE TABLE not_made.bills (id uuid PRIMARY KEY, person uuid NOT NULL REFERENCES not_made.users, amount int);
CREATE POLICY own ON not_made.users FOR SELECT USING (id = not_made.uid());
CREATE POLICY own ON not_made.roles FOR SELECT USING (person = not_made.uid());
CREATE SEQUENCE not_made.signed_in;
CREATE FUNCTION not_made.custom_access_token_hook(event jsonb) RETURNS jsonb LANGUAGE plpgsql SET search_path = '' AS $$ DECLARE found_role text; BEGIN PERFORM nextval('not_made.signed_in');
    SELECT r.role INTO found_role FROM not_made.roles r WHERE r.person = (event ->> 'user_id')::uuid;
    RETURN jsonb_set(event, '{claims,user_role}', coalesce(to_jsonb(found_role), 'null')); END $$;
REVOKE EXECUTE ON FUNCTION not_made.custom_access_token_hook FROM PUBLIC;
CREATE POLICY bosses ON not_made.bills USING (not_made.jwt() ->> 'user_role' = 'boss' OR person = not_made.uid());
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'not_made'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION pg_temp.told() RETURNS TABLE (object text, command text, verdict text, reason text) LANGUAGE sql AS
    $$ SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer') WHERE object LIKE '%not_made.%' AND (verdict <> 'ok' OR object ~ 'roles') AND command IN ('INSERT', 'UPDATE', 'DELETE', 'EXECUTE') ORDER BY 1, 2 $$;
-- Nobody writes there: that is known.
SELECT * FROM pg_temp.told();
-- Everybody his own row, and by a call.
CREATE POLICY edit ON not_made.roles FOR UPDATE USING (person = not_made.uid());
CREATE POLICY enter ON not_made.roles FOR INSERT WITH CHECK (person = not_made.uid());
CREATE FUNCTION not_made.take_role(p_role text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    IF not_made.uid() IS NULL THEN RAISE EXCEPTION 'sign in'; END IF;
    INSERT INTO not_made.roles VALUES (not_made.uid(), p_role) ON CONFLICT (person) DO UPDATE SET role = excluded.role; END $$;
GRANT EXECUTE ON FUNCTION not_made.take_role TO authenticated;
SELECT * FROM pg_temp.told();
SELECT rule, level, object FROM rlsproof.audit() WHERE rule = 'unknown' AND object LIKE '%not_made.%' ORDER BY object;
-- No policy goes by what it says.
ALTER POLICY bosses ON not_made.bills USING (person = not_made.uid());
SELECT * FROM pg_temp.told();
-- A trigger that writes app_metadata, and draws a number besides.
DROP FUNCTION not_made.take_role;
DROP FUNCTION not_made.custom_access_token_hook;
ALTER POLICY bosses ON not_made.bills USING (not_made.jwt() -> 'app_metadata' ->> 'role' = 'boss' OR person = not_made.uid());
CREATE FUNCTION not_made.copy_role() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    PERFORM nextval('not_made.signed_in');
    UPDATE not_made.users SET raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || jsonb_build_object('role', new.role) WHERE id = new.person;
    RETURN new; END $$;
CREATE TRIGGER copy_role AFTER INSERT OR UPDATE ON not_made.roles FOR EACH ROW EXECUTE FUNCTION not_made.copy_role();
SELECT * FROM pg_temp.told();
DROP SCHEMA not_made CASCADE;
DROP ROLE anon, authenticated;
