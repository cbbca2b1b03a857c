-- What two rules find of one thing for one cause is told once, by the one that says more; where one of them is waived, or
-- speaks of another way in, both are heard.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_once_anon;
CREATE ROLE regress_once_user;
CREATE ROLE regress_once_api LOGIN NOINHERIT;
GRANT regress_once_anon, regress_once_user TO regress_once_api;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_once_anon';
CREATE SCHEMA once_it;
GRANT USAGE ON SCHEMA once_it TO regress_once_anon, regress_once_user;
CREATE FUNCTION once_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE once_it.people (id uuid PRIMARY KEY, name text);
CREATE POLICY own ON once_it.people USING (id = once_it.uid());
ALTER TABLE once_it.people ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON once_it.people TO regress_once_user;
CREATE TABLE once_it.visits (id int PRIMARY KEY, who uuid REFERENCES once_it.people);
CREATE POLICY own ON once_it.visits USING (who = once_it.uid());
ALTER TABLE once_it.visits ENABLE ROW LEVEL SECURITY;
-- Whom it names is whom it takes its caller for: two rules about one function.
CREATE FUNCTION once_it.name_of(p uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT name FROM once_it.people WHERE id = p $$;
-- It names nobody; visitors may not call it.
CREATE FUNCTION once_it.names() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT name FROM once_it.people $$;
CREATE FUNCTION once_it.visits_of(p uuid) RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT v.id FROM once_it.visits v WHERE v.who = p $$;
REVOKE EXECUTE ON FUNCTION once_it.visits_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION once_it.visits_of(uuid) TO regress_once_user;
-- It is told whom, and writes what belongs to others.
CREATE FUNCTION once_it.greeted(p uuid) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE once_it.people SET name = 'greeted'; SELECT EXISTS (SELECT FROM once_it.visits v WHERE v.who = p) $$;
-- Buckets: a public one and a private one whose policies ask about the bucket alone; one that may be written as well; one
-- that another policy opens further.
CREATE SCHEMA storage;
GRANT USAGE ON SCHEMA storage TO regress_once_anon, regress_once_user;
CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean);
CREATE TABLE storage.objects (id int PRIMARY KEY, bucket_id text REFERENCES storage.buckets, name text, owner_id uuid);
INSERT INTO storage.buckets VALUES ('once_faces', true), ('once_passports', false), ('once_drop', true), ('once_teams', false);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON storage.objects TO regress_once_anon, regress_once_user;
CREATE POLICY faces ON storage.objects FOR SELECT USING (bucket_id = 'once_faces');
CREATE POLICY passports ON storage.objects FOR SELECT TO regress_once_user USING (bucket_id = 'once_passports');
CREATE POLICY drop_look ON storage.objects FOR SELECT USING (bucket_id = 'once_drop');
CREATE POLICY drop_put ON storage.objects FOR INSERT WITH CHECK (bucket_id = 'once_drop');
CREATE POLICY teams ON storage.objects FOR SELECT TO regress_once_user USING (bucket_id = 'once_teams');
CREATE POLICY teams_named ON storage.objects FOR SELECT TO regress_once_anon
    USING (bucket_id = 'once_teams' AND name IS NOT NULL);
CREATE FUNCTION once_it.told() RETURNS TABLE (level text, rule text, object text, evidence text, message text, detail text, fix text)
LANGUAGE sql AS $$
    SELECT level, rule, object, evidence, message, detail, fix FROM rlsproof.audit()
    WHERE object ~ 'once_' AND rule IN ('definer_function', 'definer_identity', 'storage_listing', 'open')
    ORDER BY object COLLATE "C", rule COLLATE "C" $$;
SELECT * FROM once_it.told();
-- Each rule by itself says what it finds.
SELECT rule, object FROM rlsproof.lint() WHERE object ~ 'once_' AND rule IN ('definer_function', 'definer_identity')
ORDER BY object COLLATE "C", rule COLLATE "C";
-- A waiver of the one does not silence the other, and neither waives nothing.
SELECT rlsproof.waive('definer_identity', 'rpc:once_it.name_of(uuid)', 'names are no secret', current_date + 1);
SELECT rlsproof.waive('storage_listing', 'bucket:once_faces', 'faces are no secret', current_date + 1);
SELECT level, rule, object FROM once_it.told() WHERE object ~ 'name_of|faces';
SELECT rlsproof.waive('definer_function', 'rpc:once_it.name_of(uuid)', 'nor to visitors', current_date + 1);
SELECT rlsproof.waive('open', 'bucket:once_faces', 'nor to visitors', current_date + 1);
SELECT level, rule, object FROM once_it.told() WHERE object ~ 'name_of|faces';
SELECT rule, object FROM rlsproof.audit() WHERE rule ~ 'waiver';
DELETE FROM rlsproof.waivers WHERE object ~ 'once_';
-- What fails for everybody who is let in lists nothing as long as it does.
INSERT INTO storage.buckets VALUES ('once_drafts', false);
CREATE TABLE once_it.talks (talk int, who uuid, PRIMARY KEY (talk, who));
ALTER TABLE once_it.talks ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON once_it.talks TO regress_once_anon, regress_once_user;
CREATE POLICY turning ON once_it.talks USING (talk IN (SELECT t.talk FROM once_it.talks t WHERE t.who = once_it.uid()));
CREATE POLICY drafts ON storage.objects FOR SELECT TO regress_once_user USING (bucket_id = 'once_drafts');
CREATE POLICY talks ON storage.objects FOR SELECT USING (bucket_id = 'once_talks' AND EXISTS (SELECT FROM once_it.talks));
SELECT rule, level, message, detail FROM rlsproof.audit() WHERE object = 'bucket:once_drafts';
DROP SCHEMA once_it, storage CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP ROLE regress_once_api, regress_once_user, regress_once_anon;
