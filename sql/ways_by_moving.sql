-- A row of one's own that is made to name somebody else: UPDATE asks for one of the people in it, and leaves the other to be
-- chosen. By itself, as where a friendship says whose posts are shown, or taken in by a function that trusts the row.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA move_it;
GRANT USAGE ON SCHEMA move_it TO anon, authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA move_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA move_it REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE FUNCTION move_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
GRANT EXECUTE ON FUNCTION move_it.uid TO authenticated;
SET search_path = move_it;
CREATE TABLE person (id uuid PRIMARY KEY, name text);
CREATE TABLE post (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), author uuid NOT NULL REFERENCES person, body text);
CREATE TABLE request (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sender uuid NOT NULL REFERENCES person, target uuid NOT NULL REFERENCES person,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'accepted', 'rejected')));
CREATE TABLE friend (a uuid NOT NULL REFERENCES person, b uuid NOT NULL REFERENCES person, PRIMARY KEY (a, b));
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE post ENABLE ROW LEVEL SECURITY;
ALTER TABLE request ENABLE ROW LEVEL SECURITY;
ALTER TABLE friend ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON person FOR SELECT USING (id = uid());
CREATE POLICY asks ON request FOR INSERT WITH CHECK (sender = uid());
CREATE POLICY seen ON request FOR SELECT USING (uid() IN (sender, target));
CREATE POLICY answers ON request FOR UPDATE USING (target = uid());
CREATE POLICY seen ON friend FOR SELECT USING (uid() IN (a, b));
CREATE POLICY seen ON post FOR SELECT USING (author = uid() OR EXISTS (SELECT FROM friend WHERE (a = uid() AND b = author) OR (b = uid() AND a = author)));
CREATE FUNCTION answer(request_id uuid, answer text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = move_it AS $$
DECLARE r record; BEGIN
  SELECT * INTO r FROM request WHERE id = request_id AND target = uid() AND state = 'pending';
  IF NOT found THEN RETURN false; END IF;
  UPDATE request SET state = answer WHERE id = request_id;
  IF answer = 'accepted' THEN INSERT INTO friend VALUES (r.sender, r.target) ON CONFLICT DO NOTHING; END IF;
  RETURN true; END $$;
GRANT EXECUTE ON FUNCTION answer TO authenticated;
RESET search_path;
SELECT rule, object, message, regexp_replace(detail, '''[0-9a-f-]{36}''', '...', 'g') AS detail, fix FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
SELECT verdict, reason FROM rlsproof.verify('newcomer', 'move_it.request') WHERE command = 'UPDATE';
-- Nobody may put a request to himself: somebody else has put it.
ALTER TABLE move_it.request ADD CHECK (sender <> target);
SELECT message, substring(detail FROM 'with: .{22}') AS with FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
-- What is right: the state alone may be set; nobody may be named but oneself; a trigger keeps who has asked; the function asks
-- nothing of the row that may be changed.
REVOKE UPDATE ON move_it.request FROM authenticated;
GRANT UPDATE (state) ON move_it.request TO authenticated;
SELECT message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
GRANT UPDATE ON move_it.request TO authenticated;
CREATE FUNCTION move_it.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF new.sender <> old.sender OR new.target <> old.target THEN RAISE EXCEPTION 'no'; END IF; RETURN new; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON move_it.request FOR EACH ROW EXECUTE FUNCTION move_it.keep();
SELECT message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
SELECT verdict, reason FROM rlsproof.verify('newcomer', 'move_it.request') WHERE command = 'UPDATE';
DROP TRIGGER keep ON move_it.request;
CREATE OR REPLACE FUNCTION move_it.answer(request_id uuid, answer text) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = move_it AS $$
  UPDATE request SET state = answer WHERE id = request_id AND target = uid() AND state = 'pending';
  SELECT true $$;
SELECT message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');

-- The row itself opens it, whoever has put it in: any friendship is one with anybody.
CREATE POLICY saves ON move_it.friend FOR UPDATE USING (move_it.uid() IN (a, b));
SELECT rule, object, message, regexp_replace(detail, '''[0-9a-f-]{36}''', '...', 'g') AS detail FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') ORDER BY message;
-- One in which the other stays who it was.
REVOKE UPDATE ON move_it.friend FROM authenticated;
SELECT message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
DROP SCHEMA move_it CASCADE;
DROP ROLE authenticated, anon;
