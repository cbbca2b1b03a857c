-- Rows in somebody else's name: a talk or a team whose members may put in what another one is said to have written. Told of
-- columns alone that say who said it, and not where all of them write at the same thing: who is in charge of a task, or typed it in, says nothing of the kind.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA name_it;
GRANT USAGE ON SCHEMA name_it TO anon, authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA name_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION name_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = name_it;
CREATE TABLE person (id uuid PRIMARY KEY, name text);
CREATE TABLE team (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, owner_id uuid REFERENCES person);
CREATE TABLE member (team uuid NOT NULL REFERENCES team, who uuid NOT NULL REFERENCES person, PRIMARY KEY (team, who));
CREATE TABLE any_author (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, author_id uuid NOT NULL REFERENCES person, body text);
CREATE TABLE own_author (LIKE any_author INCLUDING ALL, FOREIGN KEY (team) REFERENCES team, FOREIGN KEY (author_id) REFERENCES person);
CREATE TABLE kept_author (LIKE any_author INCLUDING ALL, FOREIGN KEY (team) REFERENCES team, FOREIGN KEY (author_id) REFERENCES person);
CREATE TABLE owner_writes (LIKE any_author INCLUDING ALL, FOREIGN KEY (team) REFERENCES team, FOREIGN KEY (author_id) REFERENCES person);
CREATE TABLE together (LIKE any_author INCLUDING ALL, FOREIGN KEY (team) REFERENCES team, FOREIGN KEY (author_id) REFERENCES person);
CREATE TABLE task (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, assigned_to uuid NOT NULL REFERENCES person,
    created_by uuid NOT NULL REFERENCES person, body text);
-- A review hangs on a booking of one's own, and says whose opinion it is.
CREATE TABLE booking (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), renter_id uuid NOT NULL REFERENCES person);
CREATE TABLE reviews (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), booking uuid NOT NULL REFERENCES booking, reviewer_id uuid NOT NULL REFERENCES person, comment text);
CREATE TABLE own_reviews (LIKE reviews INCLUDING ALL, FOREIGN KEY (booking) REFERENCES booking, FOREIGN KEY (reviewer_id) REFERENCES person);
ALTER TABLE booking ENABLE ROW LEVEL SECURITY;
ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE own_reviews ENABLE ROW LEVEL SECURITY;
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
ALTER TABLE team ENABLE ROW LEVEL SECURITY;
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE any_author ENABLE ROW LEVEL SECURITY;
ALTER TABLE own_author ENABLE ROW LEVEL SECURITY;
ALTER TABLE kept_author ENABLE ROW LEVEL SECURITY;
ALTER TABLE owner_writes ENABLE ROW LEVEL SECURITY;
ALTER TABLE together ENABLE ROW LEVEL SECURITY;
ALTER TABLE task ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION in_team(t uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = name_it
    AS $$ SELECT EXISTS (SELECT FROM member m WHERE m.team = t AND m.who = uid()) $$;
CREATE POLICY own ON person FOR SELECT USING (id = uid());
CREATE POLICY own ON member FOR SELECT USING (who = uid());
CREATE POLICY seen ON any_author FOR SELECT USING (in_team(team));
CREATE POLICY put_in ON any_author FOR INSERT WITH CHECK (in_team(team));
CREATE POLICY put_in ON own_author FOR INSERT WITH CHECK (in_team(team) AND author_id = uid());
CREATE POLICY put_in ON kept_author FOR INSERT WITH CHECK (in_team(team));
CREATE POLICY put_in ON owner_writes FOR INSERT WITH CHECK (EXISTS (SELECT FROM team t WHERE t.id = team AND t.owner_id = uid()));
CREATE POLICY ours ON together USING (in_team(team));
CREATE POLICY own ON team FOR SELECT USING (owner_id = uid());
CREATE POLICY put_in ON task FOR INSERT WITH CHECK (in_team(team));
CREATE POLICY own ON booking USING (renter_id = uid());
CREATE POLICY put_in ON reviews FOR INSERT WITH CHECK (EXISTS (SELECT FROM booking b WHERE b.id = booking AND b.renter_id = uid()));
CREATE POLICY change ON reviews FOR UPDATE USING (reviewer_id = uid());
CREATE POLICY put_in ON own_reviews FOR INSERT WITH CHECK (reviewer_id = uid() AND EXISTS (SELECT FROM booking b WHERE b.id = booking AND b.renter_id = uid()));
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.author_id := name_it.uid(); RETURN new; END $$;
CREATE TRIGGER keep BEFORE INSERT ON kept_author FOR EACH ROW EXECUTE FUNCTION keep();
RESET search_path;
SELECT rule, level, object, message, detail FROM rlsproof.audit() WHERE object LIKE 'name\_it%' AND category = 'exposure' ORDER BY object;
SELECT object, verdict, reason FROM rlsproof.verify('newcomer') WHERE object LIKE 'name\_it%' AND command = 'INSERT' ORDER BY object;
DROP SCHEMA name_it CASCADE;
DROP ROLE authenticated, anon;
