-- Files that are shown by a row which names their path. Whoever writes such a row of what is its own names any path.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA by_path;
GRANT USAGE ON SCHEMA by_path TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA by_path GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION by_path.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
SET search_path = by_path;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE members (team uuid NOT NULL REFERENCES teams, person uuid NOT NULL REFERENCES people, PRIMARY KEY (team, person));
CREATE TABLE files (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES teams, path text NOT NULL);
CREATE TABLE objects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bucket text NOT NULL, name text NOT NULL, owner uuid, UNIQUE (bucket, name));
CREATE FUNCTION found() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = by_path AS $$ DECLARE t uuid; BEGIN
    INSERT INTO teams (name) VALUES ('mine') RETURNING id INTO t; INSERT INTO members VALUES (t, new.id); RETURN new; END $$;
CREATE TRIGGER found AFTER INSERT ON people FOR EACH ROW EXECUTE FUNCTION found();
CREATE POLICY own ON people USING (id = uid());
CREATE POLICY own ON members FOR SELECT USING (person = uid());
CREATE POLICY ours ON teams FOR SELECT USING (EXISTS (SELECT FROM members m WHERE m.team = id AND m.person = uid()));
CREATE POLICY ours ON files USING (EXISTS (SELECT FROM members m WHERE m.team = files.team AND m.person = uid()));
CREATE POLICY listed ON objects FOR SELECT USING (bucket = 'files' AND EXISTS (SELECT FROM files f JOIN members m ON m.team = f.team
    WHERE f.path = objects.name AND m.person = uid()));
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'by_path'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (rule text, level text, object text, message text) LANGUAGE sql AS
    $$ SELECT rule, level, object, message FROM rlsproof.audit() WHERE rule IN ('writable_authority', 'self_promotion', 'open') AND object LIKE 'by_path.%' ORDER BY 1, 3 $$;
SELECT * FROM pg_temp.told();
-- What it must not say: where the path has to begin with the team, by a constraint or by the policy.
ALTER TABLE by_path.files ADD CONSTRAINT in_its_folder CHECK (path LIKE team::text || '/%');
SELECT * FROM pg_temp.told();
ALTER TABLE by_path.files DROP CONSTRAINT in_its_folder;
ALTER POLICY ours ON by_path.files WITH CHECK (path LIKE team::text || '/%' AND EXISTS (SELECT FROM by_path.members m WHERE m.team = files.team AND m.person = by_path.uid()));
SELECT * FROM pg_temp.told();
-- Nor where the file asks for the team as well.
ALTER POLICY ours ON by_path.files WITH CHECK (EXISTS (SELECT FROM by_path.members m WHERE m.team = files.team AND m.person = by_path.uid()));
ALTER POLICY listed ON by_path.objects USING (bucket = 'files' AND EXISTS (SELECT FROM by_path.files f JOIN by_path.members m ON m.team = f.team
    WHERE f.path = objects.name AND objects.name LIKE f.team::text || '/%' AND m.person = by_path.uid()));
SELECT * FROM pg_temp.told();
DROP SCHEMA by_path CASCADE;
DROP ROLE anon, authenticated;
