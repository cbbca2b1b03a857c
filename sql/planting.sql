-- Rows of one's own in what is somebody else's: beside a row that may not be read, in a team by its own column, moved there,
-- or for people of other teams. Whoever writes them is named in them; those whose team it is are shown them.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA plant;
GRANT USAGE ON SCHEMA plant TO anon, authenticated;
SET search_path = plant;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE team (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE member (who uuid PRIMARY KEY, team uuid REFERENCES team);
CREATE FUNCTION my_team() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT team FROM plant.member WHERE who = plant.uid() $$;
CREATE POLICY seen ON team FOR SELECT USING (id = my_team());
CREATE POLICY own ON member FOR SELECT USING (who = uid());
CREATE TABLE ticket (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON ticket FOR SELECT USING (team = my_team());
-- Bad: whoever says that it is his own remark puts it beside any ticket; the score into any team.
CREATE TABLE remark (id int PRIMARY KEY, ticket uuid NOT NULL REFERENCES ticket, by uuid NOT NULL REFERENCES member, words text);
CREATE POLICY seen ON remark FOR SELECT USING (ticket IN (SELECT t.id FROM ticket t));
CREATE POLICY own ON remark FOR INSERT WITH CHECK (by = uid());
CREATE TABLE score (team uuid NOT NULL REFERENCES team, by uuid NOT NULL REFERENCES member, points int, PRIMARY KEY (team, by));
CREATE POLICY seen ON score FOR SELECT USING (team = my_team());
CREATE POLICY own ON score FOR INSERT WITH CHECK (by = uid());
-- Bad: the team is asked for as the row is put in, and not when it is moved.
CREATE TABLE secret (id int PRIMARY KEY, by uuid NOT NULL REFERENCES member, team uuid REFERENCES team, words text);
CREATE POLICY seen ON secret FOR SELECT USING (by = uid() OR team = my_team());
CREATE POLICY own ON secret FOR INSERT WITH CHECK (by = uid() AND (team IS NULL OR team = my_team()));
CREATE POLICY own_change ON secret FOR UPDATE USING (by = uid());
-- Bad: the team is one's own, and nobody asks for whom it is. Beside it one that asks.
CREATE TABLE notifications (id int PRIMARY KEY, for_whom uuid NOT NULL REFERENCES member, team uuid NOT NULL REFERENCES team, words text);
CREATE POLICY seen ON notifications FOR SELECT USING (for_whom = uid());
CREATE POLICY team ON notifications FOR INSERT WITH CHECK (team = my_team());
CREATE TABLE letters (id int PRIMARY KEY, for_whom uuid NOT NULL REFERENCES member, team uuid NOT NULL REFERENCES team, words text);
CREATE POLICY seen ON letters FOR SELECT USING (for_whom = uid());
CREATE POLICY team ON letters FOR INSERT WITH CHECK (team = my_team() AND for_whom = uid());
-- Good: the ticket has to be in sight; what is written is nobody's to see but his who wrote it; a trigger keeps it out.
CREATE TABLE answer (id int PRIMARY KEY, ticket uuid NOT NULL REFERENCES ticket, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON answer FOR SELECT USING (ticket IN (SELECT t.id FROM ticket t));
CREATE POLICY own ON answer FOR INSERT WITH CHECK (by = uid() AND ticket IN (SELECT t.id FROM ticket t));
CREATE TABLE memo (id int PRIMARY KEY, ticket uuid NOT NULL REFERENCES ticket, by uuid NOT NULL REFERENCES member);
CREATE POLICY own ON memo USING (by = uid());
CREATE TABLE vote (id int PRIMARY KEY, team uuid NOT NULL REFERENCES team, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON vote FOR SELECT USING (team = my_team());
CREATE POLICY own ON vote FOR INSERT WITH CHECK (by = uid());
CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.team IS DISTINCT FROM plant.my_team() THEN RAISE EXCEPTION 'of another team'; END IF; RETURN NEW; END $$;
CREATE TRIGGER keep_out BEFORE INSERT OR UPDATE ON vote FOR EACH ROW EXECUTE FUNCTION keep_out();
-- Not known: what keeps it out, or does not, sends something, and is not woken.
CREATE SEQUENCE sent;
CREATE TABLE mark (id int PRIMARY KEY, team uuid NOT NULL REFERENCES team, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON mark FOR SELECT USING (team = my_team());
CREATE POLICY own ON mark FOR INSERT WITH CHECK (by = uid());
CREATE FUNCTION send() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM nextval('plant.sent');
    IF NEW.team IS DISTINCT FROM plant.my_team() THEN RAISE EXCEPTION 'of another team'; END IF; RETURN NEW; END $$;
CREATE TRIGGER send BEFORE INSERT ON mark FOR EACH ROW EXECUTE FUNCTION send();
CREATE TABLE comments (id int PRIMARY KEY, team uuid NOT NULL REFERENCES team, author uuid NOT NULL REFERENCES member, content text);
CREATE POLICY seen ON comments FOR SELECT USING (team = my_team());
CREATE POLICY own ON comments FOR INSERT WITH CHECK (team = my_team());
CREATE FUNCTION sign() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM nextval('plant.sent'); NEW.author := plant.uid(); RETURN NEW; END $$;
CREATE TRIGGER sign BEFORE INSERT ON comments FOR EACH ROW EXECUTE FUNCTION sign();
-- Bad: posts that are shown are for everybody to answer, and so are those that are not; who answers is asked, and not what.
CREATE TABLE post (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), by uuid NOT NULL REFERENCES member, shown boolean NOT NULL DEFAULT false);
CREATE POLICY seen ON post FOR SELECT USING (shown OR by = uid());
CREATE TABLE reply (id int PRIMARY KEY, post uuid NOT NULL REFERENCES post, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON reply FOR SELECT USING (by = uid() OR post IN (SELECT p.id FROM post p));
CREATE POLICY own ON reply FOR INSERT WITH CHECK (by = uid());
-- Good: only those that are in sight; and what is said about a post is shown to everybody, as the talk is.
CREATE TABLE echo (id int PRIMARY KEY, post uuid NOT NULL REFERENCES post, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON echo FOR SELECT USING (by = uid() OR post IN (SELECT p.id FROM post p));
CREATE POLICY own ON echo FOR INSERT WITH CHECK (by = uid() AND post IN (SELECT p.id FROM post p));
CREATE TABLE talk (id int PRIMARY KEY, post uuid NOT NULL REFERENCES post, by uuid NOT NULL REFERENCES member);
CREATE POLICY "Everybody reads along" ON talk FOR SELECT USING (true);
CREATE POLICY own ON talk FOR INSERT WITH CHECK (by = uid());
-- Good: nobody but those who look after all teams is shown it.
CREATE TABLE looks_after (who uuid PRIMARY KEY REFERENCES member);
CREATE POLICY own ON looks_after FOR SELECT USING (who = uid());
CREATE TABLE petition (id int PRIMARY KEY, team uuid NOT NULL REFERENCES team, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON petition FOR SELECT USING (by = uid() OR EXISTS (SELECT FROM looks_after a WHERE a.who = uid()));
CREATE POLICY own ON petition FOR INSERT WITH CHECK (by = uid());
-- Bad: an entry about anything, which is shown to those whose thing it is.
CREATE TABLE trail (id int PRIMARY KEY, by uuid NOT NULL REFERENCES member, about text NOT NULL, what uuid NOT NULL);
CREATE FUNCTION of_my_team(p_ticket uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM plant.ticket t WHERE t.id = p_ticket AND t.team = plant.my_team()) $$;
CREATE POLICY seen ON trail FOR SELECT USING (about = 'ticket' AND of_my_team(what));
CREATE POLICY own ON trail FOR INSERT WITH CHECK (by = uid());
-- Bad: a function that writes down who called it, for any team. Good: one that asks whose team it is, and a box for wishes.
CREATE TABLE log (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, by uuid, words text);
CREATE POLICY seen ON log FOR SELECT USING (team = my_team());
CREATE FUNCTION note_down(p_team uuid, p_words text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO plant.log (team, by, words) VALUES (p_team, plant.uid(), p_words); END $$;
CREATE FUNCTION note_own(p_team uuid, p_words text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN IF p_team IS DISTINCT FROM plant.my_team() THEN RAISE EXCEPTION 'of another team'; END IF;
        INSERT INTO plant.log (team, by, words) VALUES (p_team, plant.uid(), p_words); END $$;
CREATE TABLE requests (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES team, by uuid, words text);
CREATE POLICY seen ON requests FOR SELECT USING (team = my_team());
CREATE FUNCTION ask_for(p_team uuid, p_words text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO plant.requests (team, by, words) VALUES (p_team, plant.uid(), p_words); END $$;
-- Bad: whoever is signed in is asked who he is, and whoever is not, is not. What he gets fails on the way.
CREATE TABLE token (who uuid PRIMARY KEY REFERENCES member, sealed text);
CREATE POLICY own ON token USING (who = uid());
CREATE FUNCTION unsealed(p uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE s text; BEGIN
    IF plant.uid() IS NOT NULL AND plant.uid() <> p THEN RAISE EXCEPTION 'not yours'; END IF;
    SELECT sealed INTO s FROM plant.token WHERE who = p;
    RETURN convert_from(decode(s, 'base64'), 'UTF8'); END $$;
CREATE FUNCTION unsealed_for_him(p uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE s text; BEGIN
    IF plant.uid() IS NULL OR plant.uid() <> p THEN RAISE EXCEPTION 'not yours'; END IF;
    SELECT sealed INTO s FROM plant.token WHERE who = p;
    RETURN convert_from(decode(s, 'base64'), 'UTF8'); END $$;
-- Good: a shop that offers things to everybody is to be written to, though nothing else of it is shown.
CREATE TABLE shop (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE clerk (who uuid REFERENCES member, shop uuid REFERENCES shop, PRIMARY KEY (who, shop));
CREATE POLICY own ON clerk FOR SELECT USING (who = uid());
CREATE POLICY own ON shop FOR SELECT USING (id IN (SELECT c.shop FROM clerk c WHERE c.who = uid()));
CREATE TABLE offer (id int PRIMARY KEY, shop uuid NOT NULL REFERENCES shop);
CREATE POLICY "Everybody sees offers" ON offer FOR SELECT USING (true);
CREATE TABLE question (id int PRIMARY KEY, shop uuid NOT NULL REFERENCES shop, by uuid NOT NULL REFERENCES member);
CREATE POLICY seen ON question FOR SELECT USING (by = uid() OR shop IN (SELECT c.shop FROM clerk c WHERE c.who = uid()));
CREATE POLICY own ON question FOR INSERT WITH CHECK (by = uid());
-- Bad: a link from one's own ticket to another team's, which goes by one end as it is put in, and by either as it is shown.
CREATE TABLE link (id int PRIMARY KEY, of uuid NOT NULL REFERENCES ticket, to_ticket uuid NOT NULL REFERENCES ticket);
CREATE POLICY seen ON link FOR SELECT USING (EXISTS (SELECT FROM ticket t WHERE t.id IN (of, to_ticket) AND t.team = my_team()));
CREATE POLICY own ON link FOR INSERT WITH CHECK (EXISTS (SELECT FROM ticket t WHERE t.id = of AND t.by = uid()));
-- Bad: a company names nobody; whoever works for it says so himself. What is put in is shown to all of them, or to those who manage it.
CREATE TABLE company (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE worker (who uuid PRIMARY KEY REFERENCES member, company uuid NOT NULL REFERENCES company, rank text NOT NULL DEFAULT 'staff' CHECK (rank IN ('staff', 'manager')));
CREATE POLICY own ON worker FOR SELECT USING (who = uid());
CREATE POLICY own ON company FOR SELECT USING (id IN (SELECT w.company FROM worker w WHERE w.who = uid()));
CREATE TABLE hours (id int PRIMARY KEY, company uuid NOT NULL REFERENCES company, by uuid NOT NULL REFERENCES worker);
CREATE POLICY seen ON hours FOR SELECT USING (company IN (SELECT w.company FROM worker w WHERE w.who = uid()));
CREATE POLICY own ON hours FOR INSERT WITH CHECK (by = uid());
CREATE TABLE expense (id int PRIMARY KEY, company uuid NOT NULL, by uuid NOT NULL REFERENCES worker);
CREATE POLICY seen ON expense FOR SELECT USING (company IN (SELECT w.company FROM worker w WHERE w.who = uid() AND w.rank = 'manager'));
CREATE POLICY own ON expense FOR INSERT WITH CHECK (by = uid());
-- Good: the same, and it is asked which company.
CREATE TABLE leave (id int PRIMARY KEY, company uuid NOT NULL REFERENCES company, by uuid NOT NULL REFERENCES worker);
CREATE POLICY seen ON leave FOR SELECT USING (company IN (SELECT w.company FROM worker w WHERE w.who = uid() AND w.rank = 'manager'));
CREATE POLICY own ON leave FOR INSERT WITH CHECK (by = uid() AND company IN (SELECT w.company FROM worker w WHERE w.who = uid()));
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'plant'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA plant TO authenticated;
RESET search_path;
SELECT object, level, message, detail FROM rlsproof.audit() WHERE rule = 'open' AND object <> 'plant.post' ORDER BY object COLLATE "C";
SELECT count(*) FROM rlsproof.audit() WHERE message LIKE '%contradict%' OR detail LIKE '%contradict%';
SELECT object, level, message FROM rlsproof.audit() WHERE rule = 'unknown' AND object LIKE 'rpc:%' AND level <> 'note';
SELECT object, command, verdict, reason FROM rlsproof.verify('newcomer') WHERE object IN ('plant.mark', 'plant.comments', 'plant.vote') AND command IN ('INSERT', 'UPDATE');
-- What is worse is told first, and this beside it.
CREATE POLICY shown ON plant.score FOR SELECT USING (true);
SELECT object, level, message, detail FROM rlsproof.audit() WHERE rule = 'open' AND object = 'plant.score';
DROP SCHEMA plant CASCADE;
DROP ROLE anon, authenticated;
