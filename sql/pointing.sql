-- A row of one's own that is made to name what is somebody else's, and is taken up elsewhere: an invitation into a
-- project. Who invites is asked for the project, who answers for himself alone.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA vault;
CREATE TABLE vault.secrets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text UNIQUE, secret text);
CREATE VIEW vault.decrypted_secrets AS SELECT id, name, secret AS decrypted_secret FROM vault.secrets;
CREATE FUNCTION vault.create_secret(text, text DEFAULT NULL, text DEFAULT '', uuid DEFAULT NULL) RETURNS uuid LANGUAGE sql
    AS $$ INSERT INTO vault.secrets (secret, name) VALUES ($1, $2) RETURNING id $$;
CREATE SCHEMA point;
GRANT USAGE ON SCHEMA point TO anon, authenticated;
SET search_path = point;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE account (id uuid PRIMARY KEY);
CREATE TABLE project (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, founder uuid REFERENCES account);
CREATE TABLE member (who uuid NOT NULL REFERENCES account, project uuid NOT NULL REFERENCES project, rank text NOT NULL CHECK (rank IN ('guest', 'owner')), PRIMARY KEY (who, project));
CREATE FUNCTION owns(p uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM point.member m WHERE m.project = p AND m.who = point.uid() AND m.rank = 'owner') $$;
CREATE POLICY seen ON project FOR SELECT USING (founder = uid() OR EXISTS (SELECT FROM member m WHERE m.project = project.id AND m.who = uid()));
CREATE POLICY founded ON project FOR INSERT WITH CHECK (founder = uid());
CREATE POLICY own ON member FOR SELECT USING (who = uid());
-- Bad: whoever is asked may say into what. What sends the letter needs a key from the vault, and fails without it.
CREATE TABLE invite (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sender uuid NOT NULL REFERENCES account, receiver uuid NOT NULL REFERENCES account,
    project uuid NOT NULL REFERENCES project, status text NOT NULL CHECK (status IN ('pending', 'accepted', 'declined')));
CREATE POLICY taken ON member FOR INSERT WITH CHECK (who = uid() AND rank = 'guest' AND EXISTS (SELECT FROM invite i WHERE i.project = member.project AND i.receiver = uid() AND i.status = 'accepted'));
CREATE POLICY seen ON invite FOR SELECT USING (uid() IN (sender, receiver));
CREATE POLICY sent ON invite FOR INSERT WITH CHECK (sender = uid() AND status = 'pending' AND owns(project));
CREATE POLICY answered ON invite FOR UPDATE USING (receiver = uid()) WITH CHECK (receiver = uid() AND status IN ('accepted', 'declined'));
CREATE FUNCTION letter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE key text; BEGIN
    SELECT decrypted_secret INTO STRICT key FROM vault.decrypted_secrets WHERE name = 'letter_key'; RETURN NEW; END $$;
CREATE TRIGGER letter AFTER INSERT OR UPDATE ON invite FOR EACH ROW EXECUTE FUNCTION letter();
-- Good: the same, but that who answers may say no more than yes or no.
CREATE TABLE club (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, founder uuid REFERENCES account);
CREATE TABLE guest (who uuid NOT NULL REFERENCES account, club uuid NOT NULL REFERENCES club, PRIMARY KEY (who, club));
CREATE POLICY seen ON club FOR SELECT USING (founder = uid() OR EXISTS (SELECT FROM guest g WHERE g.club = club.id AND g.who = uid()));
CREATE POLICY founded ON club FOR INSERT WITH CHECK (founder = uid());
CREATE POLICY own ON guest FOR SELECT USING (who = uid());
CREATE TABLE guest_invites (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sender uuid NOT NULL REFERENCES account, receiver uuid NOT NULL REFERENCES account,
    club uuid NOT NULL REFERENCES club, status text NOT NULL CHECK (status IN ('pending', 'accepted', 'declined')));
CREATE POLICY taken ON guest FOR INSERT WITH CHECK (who = uid() AND EXISTS (SELECT FROM guest_invites i WHERE i.club = guest.club AND i.receiver = uid() AND i.status = 'accepted'));
CREATE POLICY seen ON guest_invites FOR SELECT USING (uid() IN (sender, receiver));
CREATE FUNCTION founded(c uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM point.club WHERE id = c AND founder = point.uid()) $$;
CREATE POLICY sent ON guest_invites FOR INSERT WITH CHECK (sender = uid() AND status = 'pending' AND founded(club));
CREATE POLICY answered ON guest_invites FOR UPDATE USING (receiver = uid()) WITH CHECK (receiver = uid() AND status IN ('accepted', 'declined'));
-- Bad: whoever gives a course reads the essays of those who have a paper in it, and says whose paper it is.
CREATE TABLE course (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), giver uuid NOT NULL REFERENCES account);
CREATE POLICY own ON course USING (giver = uid());
CREATE TABLE paper (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), course uuid NOT NULL REFERENCES course, who uuid NOT NULL REFERENCES account);
CREATE FUNCTION gives(c uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM point.course WHERE id = c AND giver = point.uid()) $$;
CREATE POLICY own ON paper FOR INSERT WITH CHECK (who = uid());
CREATE POLICY seen ON paper FOR SELECT USING (who = uid() OR gives(course));
CREATE POLICY marked ON paper FOR UPDATE USING (gives(course));
CREATE TABLE essay (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL REFERENCES account, words text);
CREATE POLICY own ON essay USING (who = uid());
CREATE POLICY read ON essay FOR SELECT USING (EXISTS (SELECT FROM paper p WHERE p.who = essay.who AND gives(p.course)));
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'point'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA point TO authenticated;
REVOKE UPDATE ON point.guest_invites FROM authenticated;
GRANT UPDATE (status) ON point.guest_invites TO authenticated;
RESET search_path;
SELECT object, level, message FROM rlsproof.audit() WHERE level <> 'note' ORDER BY object COLLATE "C";
SELECT count(*) FROM vault.secrets;
DROP SCHEMA point CASCADE;
DROP SCHEMA vault CASCADE;
DROP ROLE anon, authenticated;
