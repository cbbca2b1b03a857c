-- Ways up of whoever was appointed in one tenant: the admin of a school says who is what in it, and one role is asked for
-- and not the school. No sign-up gives such a row, so it is given to the newcomer in a school of its own.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA appointed_in;
GRANT USAGE ON SCHEMA appointed_in TO authenticated;
CREATE FUNCTION appointed_in.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = appointed_in;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE schools (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE roles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL REFERENCES people, school uuid NOT NULL REFERENCES schools,
    role text NOT NULL DEFAULT 'pupil' CHECK (role IN ('super_admin', 'school_admin', 'teacher', 'pupil')));
CREATE TABLE pupils (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), school uuid NOT NULL REFERENCES schools, name text NOT NULL);
CREATE FUNCTION is_super_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM appointed_in.roles WHERE who = appointed_in.uid() AND role = 'super_admin') $$;
CREATE FUNCTION is_school_admin(s uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM appointed_in.roles WHERE who = appointed_in.uid() AND role = 'school_admin' AND school = s) $$;
CREATE POLICY own ON people USING (id = uid());
CREATE POLICY own ON roles FOR SELECT USING (who = uid());
CREATE POLICY rule ON roles USING (is_school_admin(school));
CREATE POLICY within ON schools FOR SELECT USING (is_super_admin() OR is_school_admin(id));
CREATE POLICY within ON pupils USING (is_super_admin() OR is_school_admin(school));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'appointed_in'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (rule text, level text, object text, message text) LANGUAGE sql AS
    $$ SELECT rule, level, object, message FROM rlsproof.audit() WHERE rule IN ('writable_authority', 'self_promotion', 'open', 'role_without_tenant')
       AND object LIKE 'appointed_in.%' ORDER BY 1, 3 $$;
-- For himself, by either command.
SELECT * FROM pg_temp.told();
SELECT regexp_replace(detail, '[0-9a-f-]{36}', '?', 'g') AS detail, hint FROM rlsproof.audit() WHERE rule IN ('writable_authority', 'self_promotion') AND object = 'appointed_in.roles' ORDER BY rule;
-- It takes more than an account: the newcomer itself is not let in.
SELECT command, verdict, evidence FROM rlsproof.verify('newcomer', 'appointed_in.roles') WHERE command IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE');
-- For somebody else alone.
ALTER POLICY rule ON appointed_in.roles USING (appointed_in.is_school_admin(school) AND who <> appointed_in.uid());
SELECT * FROM pg_temp.told();
-- What it must not say: where the policy holds the roles that may be given; where the platform's role is asked for in a school;
-- where nobody but the platform's people say who is what.
ALTER POLICY rule ON appointed_in.roles USING (appointed_in.is_school_admin(school))
    WITH CHECK (appointed_in.is_school_admin(school) AND role IN ('teacher', 'pupil'));
SELECT * FROM pg_temp.told();
ALTER POLICY rule ON appointed_in.roles WITH CHECK (appointed_in.is_school_admin(school));
CREATE FUNCTION appointed_in.is_super_admin_of(s uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM appointed_in.roles WHERE who = appointed_in.uid() AND role = 'super_admin' AND school = s) $$;
ALTER POLICY within ON appointed_in.schools USING (appointed_in.is_super_admin_of(id) OR appointed_in.is_school_admin(id));
ALTER POLICY within ON appointed_in.pupils USING (appointed_in.is_super_admin_of(school) OR appointed_in.is_school_admin(school));
SELECT * FROM pg_temp.told();
ALTER POLICY within ON appointed_in.schools USING (appointed_in.is_super_admin() OR appointed_in.is_school_admin(id));
ALTER POLICY within ON appointed_in.pupils USING (appointed_in.is_super_admin() OR appointed_in.is_school_admin(school));
ALTER POLICY rule ON appointed_in.roles USING (appointed_in.is_super_admin()) WITH CHECK (appointed_in.is_super_admin());
SELECT * FROM pg_temp.told();
-- What a trigger stops is no finding, and not known to be stopped for good.
ALTER POLICY rule ON appointed_in.roles USING (appointed_in.is_school_admin(school)) WITH CHECK (appointed_in.is_school_admin(school));
CREATE FUNCTION appointed_in.no_super() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.role = 'super_admin' THEN RAISE EXCEPTION 'not by hand'; END IF; RETURN NEW; END $$;
CREATE TRIGGER no_super BEFORE INSERT OR UPDATE ON appointed_in.roles FOR EACH ROW EXECUTE FUNCTION appointed_in.no_super();
SELECT * FROM pg_temp.told();
SELECT command, verdict, reason FROM rlsproof.verify('newcomer', 'appointed_in.roles') WHERE command IN ('INSERT', 'UPDATE');
DROP SCHEMA appointed_in CASCADE;
DROP ROLE anon, authenticated;
