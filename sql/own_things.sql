-- What policies ask of a row of one's own may raise its owner: a role, a plan. What they ask of a thing, for what hangs on
-- that thing alone, raises nobody; nor does a word that they ask not to be there.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_things_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_things_api;
CREATE SCHEMA things;
GRANT USAGE ON SCHEMA things TO anon, authenticated;
SET search_path = things;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE people (id uuid PRIMARY KEY, plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'pro')));
-- Good: pictures of a property of one's own, as long as it is not sold; shown by a sub-select, by IN, by a helper.
CREATE TABLE good (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, status text NOT NULL DEFAULT 'draft');
CREATE TABLE good_pictures (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), good uuid NOT NULL REFERENCES good);
CREATE TABLE good_in (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, status text NOT NULL DEFAULT 'draft');
CREATE TABLE good_in_pictures (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), good_in uuid NOT NULL REFERENCES good_in);
CREATE TABLE good_helped (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, status text NOT NULL DEFAULT 'draft');
CREATE TABLE good_helped_pictures (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), good_helped uuid NOT NULL REFERENCES good_helped);
CREATE TABLE good_not (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, status text NOT NULL DEFAULT 'active');
CREATE TABLE good_not_pictures (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), path text NOT NULL);
CREATE FUNCTION lists(p uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = things AS
    $$ SELECT EXISTS (SELECT 1 FROM good_helped g WHERE g.id = p AND g.owner = uid() AND g.status = 'active') $$;
-- Bad: the thing is not what the other rows hang on, and whoever has an active one is let in everywhere. Everybody reads them anyway.
CREATE TABLE bad (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, status text NOT NULL DEFAULT 'draft');
CREATE TABLE bad_pictures (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), other uuid NOT NULL);
CREATE TABLE bad_plan (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people);
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['people', 'good', 'good_pictures', 'good_in', 'good_in_pictures', 'good_helped', 'good_helped_pictures',
                             'good_not', 'good_not_pictures', 'bad', 'bad_pictures', 'bad_plan'] LOOP
        EXECUTE format('ALTER TABLE things.%I ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['good', 'good_in', 'good_helped', 'good_not', 'bad'] LOOP
        EXECUTE format('CREATE POLICY own ON things.%I USING (owner = things.uid())', t);
    END LOOP;
END $$;
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own_change ON people FOR UPDATE USING (id = uid());
CREATE POLICY hang ON good_pictures FOR INSERT WITH CHECK (EXISTS (SELECT 1 FROM good g WHERE g.id = good_pictures.good AND g.owner = uid() AND g.status = 'active'));
CREATE POLICY hang ON good_in_pictures FOR DELETE USING (good_in IN (SELECT g.id FROM good_in g WHERE g.owner = uid() AND g.status = 'active'));
CREATE POLICY hang ON good_helped_pictures FOR INSERT WITH CHECK (lists(good_helped));
CREATE POLICY hang ON good_not_pictures FOR INSERT WITH CHECK (split_part(path, '/', 1)::uuid IN (SELECT g.id FROM good_not g WHERE g.owner = uid() AND g.status <> 'inactive'));
CREATE POLICY all_of_them ON bad_pictures FOR DELETE USING (EXISTS (SELECT 1 FROM bad b WHERE b.owner = uid() AND b.status = 'active'));
CREATE POLICY seen ON bad_pictures FOR SELECT USING (true);
CREATE POLICY pro ON bad_plan FOR INSERT WITH CHECK (owner = uid() AND EXISTS (SELECT 1 FROM people p WHERE p.id = uid() AND p.plan = 'pro'));
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA things TO authenticated;
RESET search_path;
SELECT object, level, rule, message FROM rlsproof.audit() WHERE object LIKE 'things.%' AND rule IN ('self_promotion', 'writable_authority') ORDER BY object COLLATE "C";
DROP SCHEMA things CASCADE;
DROP ROLE regress_things_api, anon, authenticated;
