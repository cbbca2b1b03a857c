-- Policies of a bucket ask for parts of a file's name: a folder, the extension, a part that is cast. Names of made files
-- have them, or nothing is learnt but that they have not.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_files_anon;
CREATE ROLE regress_files_user;
CREATE ROLE regress_files_web LOGIN NOINHERIT;
GRANT regress_files_anon, regress_files_user TO regress_files_web;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_files_anon';
CREATE SCHEMA files_it;
CREATE SCHEMA storage;
GRANT USAGE ON SCHEMA files_it, storage TO regress_files_anon, regress_files_user;
CREATE FUNCTION files_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE storage.buckets (id text PRIMARY KEY, name text NOT NULL, public boolean DEFAULT false);
CREATE TABLE storage.objects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bucket_id text REFERENCES storage.buckets,
    name text, owner_id text, UNIQUE (bucket_id, name));
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON storage.objects TO regress_files_anon, regress_files_user;
CREATE FUNCTION storage.foldername(name text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE parts CONSTANT text[] := string_to_array(name, '/');
BEGIN RETURN parts[1 : cardinality(parts) - 1]; END $$;
CREATE FUNCTION storage.filename(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE parts CONSTANT text[] := string_to_array(name, '/');
BEGIN RETURN parts[cardinality(parts)]; END $$;
CREATE FUNCTION storage.extension(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RETURN reverse(split_part(reverse(storage.filename(name)), '.', 1)); END $$;

-- Open to everybody, as long as the name is right; and the same of one's own folder alone.
INSERT INTO storage.buckets SELECT 'files_it.' || name, name FROM unnest(ARRAY['papers', 'own_papers', 'pictures', 'folder', 'own_folder',
    'mixed', 'own_mixed', 'exact', 'listed', 'own_listed', 'deep', 'stem', 'shout', 'own_parts']) name;
CREATE POLICY papers ON storage.objects USING (bucket_id = 'files_it.papers' AND storage.extension(name) = 'pdf');
CREATE POLICY own_papers ON storage.objects USING (bucket_id = 'files_it.own_papers' AND storage.extension(name) = 'pdf'
    AND (storage.foldername(name))[1] = files_it.uid()::text);
CREATE POLICY pictures ON storage.objects FOR SELECT USING (bucket_id = 'files_it.pictures' AND lower(storage.extension(name)) IN ('png', 'jpg'));
CREATE POLICY folder ON storage.objects FOR SELECT USING (bucket_id = 'files_it.folder' AND lower((storage.foldername(name))[1]) = 'public');
CREATE POLICY own_folder ON storage.objects FOR SELECT USING (bucket_id = 'files_it.own_folder' AND lower((storage.foldername(name))[1]) = 'private'
    AND owner_id = files_it.uid()::text);
CREATE POLICY mixed ON storage.objects FOR SELECT USING (bucket_id = 'files_it.mixed' AND split_part(name, '/', 2) = 'drafts' AND name LIKE '%.pdf');
CREATE POLICY own_mixed ON storage.objects FOR SELECT USING (bucket_id = 'files_it.own_mixed' AND split_part(name, '/', 2) = 'drafts'
    AND split_part(name, '/', 1) = files_it.uid()::text);
CREATE POLICY exact ON storage.objects FOR SELECT USING (bucket_id = 'files_it.exact' AND storage.filename(name) = 'cover.webp');
CREATE POLICY listed ON storage.objects FOR SELECT USING (bucket_id = 'files_it.listed' AND 'shared' = ANY (storage.foldername(name)));
CREATE POLICY own_listed ON storage.objects FOR SELECT USING (bucket_id = 'files_it.own_listed' AND files_it.uid()::text = ANY (string_to_array(name, '/')));
CREATE POLICY deep ON storage.objects FOR INSERT WITH CHECK (bucket_id = 'files_it.deep' AND (storage.foldername(name))[1] = files_it.uid()::text
    AND (storage.foldername(name))[3] = 'in');
CREATE POLICY stem ON storage.objects FOR SELECT USING (bucket_id = 'files_it.stem' AND split_part(storage.filename(name), '.', 1) = 'cover');
CREATE POLICY shout ON storage.objects FOR SELECT USING (bucket_id = 'files_it.shout' AND upper(storage.extension(name)) = 'PDF');
CREATE POLICY own_parts ON storage.objects USING (bucket_id = 'files_it.own_parts' AND split_part(name, '/', 1) = files_it.uid()::text);

CREATE VIEW pg_temp.said AS
    SELECT object, persona, string_agg(command || ' ' || verdict || coalesce(': ' || reason, ''), ', ' ORDER BY command COLLATE "C") AS said
    FROM rlsproof.verify() WHERE object LIKE 'bucket:files_it.%' AND persona IN ('anon', 'outsider') AND command IN ('SELECT', 'INSERT')
    GROUP BY object, persona;
SELECT * FROM pg_temp.said ORDER BY object COLLATE "C", persona COLLATE "C";

-- Parts that are cast: to what a helper takes, or to be compared. The names read as that type, in every bucket.
CREATE TABLE files_it.teams (id uuid PRIMARY KEY);
CREATE TABLE files_it.members (team uuid NOT NULL REFERENCES files_it.teams, person uuid NOT NULL, PRIMARY KEY (team, person));
ALTER TABLE files_it.teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE files_it.members ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION files_it.in_team(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = files_it AS
    $$ SELECT EXISTS (SELECT 1 FROM members m WHERE m.team = t AND m.person = uid()) $$;
SELECT format('DROP POLICY %I ON storage.objects', polname) FROM pg_policy WHERE polrelid = 'storage.objects'::regclass ORDER BY polname COLLATE "C" \gexec
CREATE POLICY of_team ON storage.objects USING (bucket_id = 'files_it.papers' AND files_it.in_team(split_part(name, '/', 1)::uuid));
CREATE POLICY own_number ON storage.objects FOR SELECT USING (bucket_id = 'files_it.deep' AND split_part(name, '/', 2)::int > 5
    AND split_part(name, '/', 1)::uuid = files_it.uid());
CREATE POLICY any_number ON storage.objects FOR SELECT USING (bucket_id = 'files_it.stem' AND split_part(name, '/', 2)::int > 5);
CREATE POLICY of_team_if_any ON storage.objects FOR SELECT USING (bucket_id = 'files_it.listed' AND ((storage.foldername(name))[1] = files_it.uid()::text
    OR files_it.in_team(nullif((storage.foldername(name))[3], '')::uuid)));
SELECT * FROM pg_temp.said WHERE object ~ ':files_it.(papers|deep|stem|listed)' ORDER BY object COLLATE "C", persona COLLATE "C";

-- Of another table's names the path is taken apart; and of the file's, by whoever has a row there.
SELECT format('DROP POLICY %I ON storage.objects', polname) FROM pg_policy WHERE polrelid = 'storage.objects'::regclass ORDER BY polname COLLATE "C" \gexec
CREATE TABLE files_it.firms (id uuid PRIMARY KEY, name text NOT NULL, owner uuid NOT NULL);
ALTER TABLE files_it.firms ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_no_file ON storage.objects FOR DELETE USING (bucket_id = 'files_it.papers' AND EXISTS (SELECT 1 FROM files_it.firms f
    WHERE f.id::text = (storage.foldername(name))[1] AND f.owner = files_it.uid()));
CREATE POLICY of_the_file ON storage.objects FOR DELETE USING (bucket_id = 'files_it.papers' AND EXISTS (SELECT 1 FROM files_it.firms f
    WHERE f.id::text = (storage.foldername(objects.name))[1] AND f.owner = files_it.uid()));
CREATE POLICY of_both ON storage.objects FOR DELETE USING (bucket_id = 'files_it.papers' AND EXISTS (SELECT 1 FROM files_it.firms f
    WHERE split_part(f.name, '/', 1) = split_part(objects.name, '/', 1) AND f.owner = files_it.uid()));
SELECT level, message FROM rlsproof.audit() WHERE rule = 'uncorrelated_subquery';

DROP VIEW pg_temp.said;
DROP SCHEMA files_it, storage CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP OWNED BY regress_files_web, regress_files_anon, regress_files_user;
DROP ROLE regress_files_web, regress_files_anon, regress_files_user;
