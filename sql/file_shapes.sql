-- Whose file it is has to do with its name, mostly; policies that ask something else of the name open everybody's. Made
-- files are named as people name theirs, and as the conditions want them; where none is, nothing was seen.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_shapes_anon;
CREATE ROLE regress_shapes_user;
CREATE ROLE regress_shapes_web LOGIN NOINHERIT;
GRANT regress_shapes_anon, regress_shapes_user TO regress_shapes_web;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_shapes_anon';
CREATE SCHEMA shapes_it;
CREATE SCHEMA storage;
GRANT USAGE ON SCHEMA shapes_it, storage TO regress_shapes_anon, regress_shapes_user;
CREATE FUNCTION shapes_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE storage.buckets (id text PRIMARY KEY, name text NOT NULL, public boolean DEFAULT false);
CREATE TABLE storage.objects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bucket_id text REFERENCES storage.buckets,
    name text, owner_id text, path_tokens text[] GENERATED ALWAYS AS (string_to_array(name, '/')) STORED, UNIQUE (bucket_id, name));
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON storage.objects TO regress_shapes_anon, regress_shapes_user;
CREATE FUNCTION storage.foldername(name text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE parts CONSTANT text[] := string_to_array(name, '/');
BEGIN RETURN parts[1 : cardinality(parts) - 1]; END $$;
CREATE FUNCTION storage.extension(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE parts CONSTANT text[] := string_to_array(name, '/');
BEGIN RETURN reverse(split_part(reverse(parts[cardinality(parts)]), '.', 1)); END $$;
CREATE TABLE shapes_it.teams (id uuid PRIMARY KEY);
CREATE TABLE shapes_it.members (team uuid NOT NULL REFERENCES shapes_it.teams, person uuid NOT NULL, PRIMARY KEY (team, person));
ALTER TABLE shapes_it.teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE shapes_it.members ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON shapes_it.members TO regress_shapes_user;
CREATE POLICY own ON shapes_it.members FOR SELECT USING (person = shapes_it.uid());

-- One bucket for each condition; own_... of the folder of whoever asks alone.
CREATE TABLE shapes_it.conditions (bucket text PRIMARY KEY, condition text NOT NULL);
INSERT INTO shapes_it.conditions VALUES
    ('not_private', $$(storage.foldername(name))[1] <> 'private'$$),
    ('not_listed', $$(storage.foldername(name))[1] <> ALL (ARRAY['private', 'secret'])$$),
    ('not_like', $$name NOT LIKE 'private/%'$$),
    ('uuid_shape', $$(storage.foldername(name))[1] ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'$$),
    ('hex_shape', $$(storage.foldername(name))[1] ~ '^[0-9a-f-]{36}$'$$),
    ('number_shape', $$(storage.foldername(name))[2] ~ '^inv[0-9]{4}$'$$),
    ('one_folder', $$array_length(storage.foldername(name), 1) = 1$$),
    ('no_folder', $$array_length(storage.foldername(name), 1) IS NULL$$),
    ('deep', $$cardinality(string_to_array(name, '/')) > 4$$),
    ('deep_not_private', $$array_length(storage.foldername(name), 1) = 3 AND (storage.foldername(name))[1] <> 'private'$$),
    ('part_like', $$(storage.foldername(name))[1] LIKE 'client-%'$$),
    ('begins', $$name ^@ 'shared/'$$),
    ('own_or_public', $$(storage.foldername(name))[1] = shapes_it.uid()::text OR (storage.foldername(name))[1] = 'public'$$),
    ('tokens', $$path_tokens[1] <> 'private'$$),
    ('own_pattern', $$(storage.foldername(name))[1] = shapes_it.uid()::text AND (storage.foldername(name))[1] ~ '^[0-9a-f-]{36}$'$$),
    ('own_length', $$array_length(storage.foldername(name), 1) = 1 AND (storage.foldername(name))[1] = shapes_it.uid()::text$$),
    ('own_not_private', $$(storage.foldername(name))[2] <> 'private' AND owner_id = shapes_it.uid()::text$$),
    ('own_tokens', $$path_tokens[1] = shapes_it.uid()::text$$),
    ('own_team', $$(storage.foldername(name))[1] IN (SELECT team::text FROM shapes_it.members WHERE person = shapes_it.uid())$$),
    -- What no made name meets: nothing was seen; but for who is turned away by something else, whatever the name.
    ('unmet', $$md5(name) = '0123456789abcdef0123456789abcdef'$$),
    ('own_unmet', $$md5(name) = '0123456789abcdef0123456789abcdef' AND owner_id = shapes_it.uid()::text$$);
INSERT INTO storage.buckets SELECT 'shapes_it.' || bucket, bucket FROM shapes_it.conditions;
SELECT format('CREATE POLICY %I ON storage.objects TO regress_shapes_user USING (bucket_id = %L AND (%s))', bucket, 'shapes_it.' || bucket, condition)
FROM shapes_it.conditions ORDER BY bucket \gexec

SELECT object, string_agg(command || ' ' || verdict || CASE WHEN command = 'SELECT' OR verdict <> 'open' THEN ': ' || reason ELSE '' END, ', ' ORDER BY command COLLATE "C") AS said
FROM rlsproof.verify() WHERE object LIKE 'bucket:shapes_it.%' AND persona = 'outsider' AND command IN ('SELECT', 'INSERT')
GROUP BY object ORDER BY object COLLATE "C";

DROP SCHEMA shapes_it, storage CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP OWNED BY regress_shapes_web, regress_shapes_anon, regress_shapes_user;
DROP ROLE regress_shapes_web, regress_shapes_anon, regress_shapes_user;
