-- Who owns a thing says who is what in it, and whoever has a place may give it up: neither is a way up. Who says of himself
-- what policies ask of him is.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA right_it;
GRANT USAGE ON SCHEMA right_it TO authenticated;
CREATE FUNCTION right_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = right_it;
CREATE TABLE kennel (id int PRIMARY KEY, owner uuid NOT NULL);
CREATE TABLE keeper (kennel int NOT NULL REFERENCES kennel, who uuid NOT NULL, state text NOT NULL DEFAULT 'asked', PRIMARY KEY (kennel, who));
CREATE TABLE club (id int PRIMARY KEY, owner uuid NOT NULL);
CREATE TABLE member (club int NOT NULL REFERENCES club, who uuid NOT NULL, rank text NOT NULL DEFAULT 'guest', PRIMARY KEY (club, who));
CREATE TABLE evening (id int PRIMARY KEY, host uuid NOT NULL);
CREATE TABLE guest (evening int NOT NULL REFERENCES evening, who uuid NOT NULL, state text NOT NULL DEFAULT 'asked', PRIMARY KEY (evening, who));
CREATE TABLE seat (evening int NOT NULL REFERENCES evening, who uuid NOT NULL, state text NOT NULL DEFAULT 'asked', PRIMARY KEY (evening, who));
CREATE TABLE feed (id int PRIMARY KEY, kennel int REFERENCES kennel);
CREATE TABLE minutes (id int PRIMARY KEY, club int REFERENCES club);
CREATE TABLE chat (id int PRIMARY KEY, evening int REFERENCES evening);
CREATE TABLE menu (id int PRIMARY KEY, evening int REFERENCES evening);
CREATE FUNCTION owns(k int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM right_it.kennel WHERE id = k AND owner = right_it.uid()) $$;
CREATE FUNCTION keeps(k int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM right_it.keeper WHERE kennel = k AND who = right_it.uid() AND state = 'active') $$;
CREATE FUNCTION chairs(c int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM right_it.member WHERE club = c AND who = right_it.uid() AND rank = 'chair') $$;
CREATE FUNCTION comes(e int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM right_it.guest WHERE evening = e AND who = right_it.uid() AND state = 'confirmed') $$;
CREATE FUNCTION sits(e int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM right_it.seat WHERE evening = e AND who = right_it.uid() AND state = 'confirmed') $$;
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['kennel', 'keeper', 'club', 'member', 'evening', 'guest', 'seat', 'feed', 'minutes', 'chat', 'menu'] LOOP
        EXECUTE format('ALTER TABLE right_it.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON right_it.%I TO authenticated', t);
    END LOOP;
END $$;
CREATE POLICY own ON kennel FOR SELECT USING (owner = uid());
CREATE POLICY own ON club FOR SELECT USING (owner = uid());
CREATE POLICY own ON evening FOR SELECT USING (host = uid());
CREATE POLICY see ON keeper FOR SELECT USING (who = uid() OR owns(kennel));
CREATE POLICY appoint ON keeper FOR UPDATE USING (owns(kennel)) WITH CHECK (owns(kennel));
CREATE POLICY see ON member FOR SELECT USING (who = uid());
CREATE POLICY rise ON member FOR UPDATE USING (who = uid()) WITH CHECK (who = uid());
CREATE POLICY see ON guest FOR SELECT USING (who = uid());
CREATE POLICY withdraw ON guest FOR UPDATE USING (who = uid()) WITH CHECK (who = uid() AND state IN ('asked', 'cancelled'));
CREATE POLICY see ON seat FOR SELECT USING (who = uid());
CREATE POLICY confirm ON seat FOR UPDATE USING (who = uid()) WITH CHECK (who = uid() AND state IN ('asked', 'confirmed', 'cancelled'));
CREATE POLICY kept ON feed FOR SELECT USING (keeps(kennel) OR owns(kennel));
CREATE POLICY chaired ON minutes FOR UPDATE USING (chairs(club));
CREATE POLICY invited ON chat FOR UPDATE USING (comes(evening));
CREATE POLICY seated ON menu FOR UPDATE USING (sits(evening));
RESET search_path;
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') ORDER BY object, message;
DROP SCHEMA right_it CASCADE;
DROP ROLE authenticated, anon;
