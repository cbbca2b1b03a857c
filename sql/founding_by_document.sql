-- Whoever founds a group is made its owner by a trigger, and the policies ask a document that another trigger makes of memberships: it is
-- its founder's own. A trigger that only writes down who did it makes it nobody's own, nor does one that adds him to another group.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA doc;
GRANT USAGE ON SCHEMA doc TO authenticated;
SET search_path = doc;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE people (id uuid PRIMARY KEY);
CREATE TABLE groups (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, metadata jsonb NOT NULL DEFAULT '{}');
CREATE TABLE members (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE, user_id uuid NOT NULL REFERENCES people,
    roles text[] NOT NULL DEFAULT '{}', UNIQUE (group_id, user_id));
CREATE TABLE claims (user_id uuid PRIMARY KEY REFERENCES people, claims jsonb NOT NULL DEFAULT '{}');
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'doc'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON claims FOR SELECT USING (user_id = uid());
CREATE FUNCTION get_claims() RETURNS jsonb LANGUAGE sql STABLE SET search_path = '' AS $$
  SELECT coalesce(nullif(current_setting('request.groups', true), '')::jsonb, (SELECT claims FROM doc.claims WHERE user_id = doc.uid()), '{}') $$;
CREATE FUNCTION is_member(group_id uuid) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = '' AS $$ BEGIN
  IF doc.uid() IS NOT NULL THEN RETURN doc.get_claims() ? group_id::text; END IF; RETURN false; END $$;
CREATE FUNCTION appoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
  INSERT INTO doc.members (group_id, user_id, roles) VALUES (NEW.id, doc.uid(), '{owner}'); RETURN NEW; END $$;
CREATE TRIGGER appoint AFTER INSERT ON groups FOR EACH ROW EXECUTE FUNCTION appoint();
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
  INSERT INTO doc.claims AS c VALUES (NEW.user_id, jsonb_build_object(NEW.group_id::text, to_jsonb(NEW.roles)))
  ON CONFLICT (user_id) DO UPDATE SET claims = c.claims || excluded.claims; RETURN NEW; END $$;
CREATE TRIGGER keep AFTER INSERT OR UPDATE ON members FOR EACH ROW EXECUTE FUNCTION keep();
CREATE POLICY found ON groups FOR INSERT TO authenticated WITH CHECK (uid() IS NOT NULL);
CREATE POLICY within ON groups FOR SELECT TO authenticated USING (is_member(id));
CREATE POLICY within ON members FOR SELECT TO authenticated USING (is_member(group_id));
RESET search_path;
CREATE FUNCTION pg_temp.told() RETURNS TABLE (level text, rule text, object text, message text) LANGUAGE sql AS
    $$ SELECT level, rule, object, message FROM rlsproof.audit() WHERE rule = 'open' AND object LIKE 'doc.%' ORDER BY 3 $$;
SELECT * FROM pg_temp.told();
SELECT verdict, evidence, reason FROM rlsproof.verify('newcomer', 'doc.groups', 'INSERT');
-- It is shown to whoever puts it in without the trigger's doing as well: to everybody.
ALTER POLICY within ON doc.groups USING (doc.is_member(id) OR name IS NOT NULL);
SELECT * FROM pg_temp.told();
ALTER POLICY within ON doc.groups USING (doc.is_member(id));
-- He is written down, and no member by that.
CREATE OR REPLACE FUNCTION doc.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN RETURN NEW; END $$;
SELECT * FROM pg_temp.told();
-- A member of some group that was there.
CREATE OR REPLACE FUNCTION doc.appoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
  INSERT INTO doc.members (group_id, user_id, roles) SELECT id, doc.uid(), '{owner}' FROM doc.groups WHERE id <> NEW.id LIMIT 1; RETURN NEW; END $$;
SELECT * FROM pg_temp.told();
DROP SCHEMA doc CASCADE;
DROP ROLE authenticated, anon;
