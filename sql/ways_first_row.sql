-- Each has one row in a table that others decide by: whoever puts in its own, or puts in another in its place, may say there
-- what it is.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA first_row;
GRANT USAGE ON SCHEMA first_row TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA first_row GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION first_row.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE first_row.accounts (id uuid PRIMARY KEY);
CREATE TABLE first_row.profiles (id uuid PRIMARY KEY REFERENCES first_row.accounts ON DELETE CASCADE, role text NOT NULL DEFAULT 'user');
CREATE TABLE first_row.reports (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body text);
CREATE POLICY own ON first_row.accounts FOR SELECT USING (id = first_row.uid());
CREATE POLICY own ON first_row.profiles FOR SELECT USING (id = first_row.uid());
CREATE POLICY put ON first_row.profiles FOR INSERT WITH CHECK (id = first_row.uid());
CREATE POLICY admins ON first_row.reports FOR SELECT USING (EXISTS (SELECT FROM first_row.profiles p
    WHERE p.id = first_row.uid() AND p.role = 'admin'));
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'first_row'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION pg_temp.ways() RETURNS TABLE (rule text, object text, message text, statement text) LANGUAGE sql
    AS $$ SELECT rule, object, message, regexp_replace(detail, '.*It was done with: ', '') FROM rlsproof.audit()
    WHERE rule IN ('self_promotion', 'writable_authority') $$;
SELECT * FROM pg_temp.ways();

-- Where the database puts the row in at sign-up there is no room for another, but for whoever may take the first away.
CREATE FUNCTION first_row.signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO first_row.profiles (id) VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER signed_up AFTER INSERT ON first_row.accounts FOR EACH ROW EXECUTE FUNCTION first_row.signed_up();
SELECT * FROM pg_temp.ways();
CREATE POLICY leave ON first_row.profiles FOR DELETE USING (id = first_row.uid());
SELECT * FROM pg_temp.ways();
SELECT verdict, reason FROM rlsproof.verify('newcomer', 'first_row.profiles') WHERE command = 'INSERT';

-- A trigger that is off puts nothing in; a check that holds the role leaves nothing to say.
DROP POLICY leave ON first_row.profiles;
ALTER TABLE first_row.accounts DISABLE TRIGGER signed_up;
SELECT object, message FROM pg_temp.ways();
ALTER POLICY put ON first_row.profiles WITH CHECK (id = first_row.uid() AND role = 'user');
SELECT * FROM pg_temp.ways();
DROP SCHEMA first_row CASCADE;
DROP ROLE anon, authenticated;
