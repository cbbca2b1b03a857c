-- Triggers may guard what policies leave open: nobody is accused of a write that they stop, what they do not stop is
-- said as ever, and what cannot be heard is not known.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA heard_it;
GRANT USAGE ON SCHEMA heard_it TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA heard_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION heard_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE FUNCTION heard_it.touch() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN NEW.touched := now(); RETURN NEW; END $$;

-- Four profiles, each with a column that decides about others: guarded by an error, guarded by the old value, with an
-- error that says nothing of the caller or the change, and with a trigger that guards nothing.
CREATE TABLE heard_it.raising (who uuid PRIMARY KEY, rank text NOT NULL DEFAULT 'plain', touched timestamptz);
CREATE TABLE heard_it.restoring (who uuid PRIMARY KEY, rank text NOT NULL DEFAULT 'plain', touched timestamptz);
CREATE TABLE heard_it.touching (who uuid PRIMARY KEY, rank text NOT NULL DEFAULT 'plain', touched timestamptz);
CREATE TABLE heard_it.joining (who uuid, rank text NOT NULL DEFAULT 'plain', PRIMARY KEY (who, rank));
CREATE TABLE heard_it.papers (id int PRIMARY KEY, who uuid NOT NULL);
CREATE FUNCTION heard_it.keep_rank() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.rank <> OLD.rank AND current_user = 'authenticated' THEN RAISE EXCEPTION 'the rank stays'; END IF; RETURN NEW; END $$;
CREATE FUNCTION heard_it.restore_rank() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN NEW.rank := OLD.rank; RETURN NEW; END $$;
CREATE FUNCTION heard_it.invited() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN IF heard_it.uid() IS NOT NULL THEN RAISE EXCEPTION 'by invitation'; END IF; RETURN NEW; END $$;
CREATE TRIGGER keep_rank BEFORE UPDATE ON heard_it.raising FOR EACH ROW EXECUTE FUNCTION heard_it.keep_rank();
CREATE TRIGGER restore_rank BEFORE UPDATE ON heard_it.restoring FOR EACH ROW EXECUTE FUNCTION heard_it.restore_rank();
CREATE TRIGGER touch BEFORE UPDATE ON heard_it.touching FOR EACH ROW EXECUTE FUNCTION heard_it.touch();
CREATE TRIGGER invited BEFORE INSERT ON heard_it.joining FOR EACH ROW EXECUTE FUNCTION heard_it.invited();
CREATE POLICY own ON heard_it.raising USING (who = heard_it.uid());
CREATE POLICY own ON heard_it.restoring USING (who = heard_it.uid());
CREATE POLICY own ON heard_it.touching USING (who = heard_it.uid());
CREATE POLICY own ON heard_it.joining FOR SELECT USING (who = heard_it.uid());
CREATE POLICY "join" ON heard_it.joining FOR INSERT WITH CHECK (who = heard_it.uid());
CREATE POLICY own ON heard_it.papers FOR SELECT USING (who = heard_it.uid()
    OR EXISTS (SELECT FROM heard_it.raising r WHERE r.who = heard_it.uid() AND r.rank = 'boss')
    OR EXISTS (SELECT FROM heard_it.restoring r WHERE r.who = heard_it.uid() AND r.rank = 'boss')
    OR EXISTS (SELECT FROM heard_it.touching r WHERE r.who = heard_it.uid() AND r.rank = 'boss')
    OR EXISTS (SELECT FROM heard_it.joining r WHERE r.who = heard_it.uid() AND r.rank = 'boss'));

-- Tables that policies leave open to whoever has signed in.
CREATE FUNCTION heard_it.own_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.who <> heard_it.uid() THEN RAISE EXCEPTION 'not yours' USING ERRCODE = '42501'; END IF; RETURN NEW; END $$;
CREATE FUNCTION heard_it.set_who() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN NEW.who := heard_it.uid(); RETURN NEW; END $$;
CREATE FUNCTION heard_it.never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION heard_it.long_enough() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN IF length(NEW.title) < 200 THEN RAISE EXCEPTION 'too short'; END IF; RETURN NEW; END $$;
CREATE TABLE heard_it.log (id bigserial PRIMARY KEY, what text);
CREATE FUNCTION heard_it.log_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO heard_it.log (what) VALUES (TG_OP); RETURN NULL; END $$;
CREATE FUNCTION heard_it.log_and_ask() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$ BEGIN
    INSERT INTO heard_it.log (what) VALUES (TG_OP);
    IF heard_it.uid() <> OLD.who THEN RAISE EXCEPTION 'not yours'; END IF; RETURN NEW; END $$;
CREATE TABLE heard_it.asked (id int PRIMARY KEY, who uuid NOT NULL, title text, touched timestamptz);
CREATE TABLE heard_it.taken (id int PRIMARY KEY, who uuid NOT NULL, title text);
CREATE TABLE heard_it.staying (id int PRIMARY KEY, who uuid NOT NULL, title text);
CREATE TABLE heard_it.titled (id int PRIMARY KEY, who uuid NOT NULL, title text NOT NULL DEFAULT 'none');
CREATE TABLE heard_it.touched (id int PRIMARY KEY, who uuid NOT NULL, title text, touched timestamptz);
CREATE TABLE heard_it.logged (id int PRIMARY KEY, who uuid NOT NULL, title text);
CREATE TABLE heard_it.unheard (id int PRIMARY KEY, who uuid NOT NULL, title text);
CREATE TRIGGER own_only BEFORE UPDATE ON heard_it.asked FOR EACH ROW EXECUTE FUNCTION heard_it.own_only();
CREATE TRIGGER set_who BEFORE INSERT ON heard_it.taken FOR EACH ROW EXECUTE FUNCTION heard_it.set_who();
CREATE TRIGGER never BEFORE DELETE ON heard_it.staying FOR EACH ROW EXECUTE FUNCTION heard_it.never();
CREATE TRIGGER long_enough BEFORE INSERT ON heard_it.titled FOR EACH ROW EXECUTE FUNCTION heard_it.long_enough();
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON heard_it.touched FOR EACH ROW EXECUTE FUNCTION heard_it.touch();
CREATE TRIGGER log_it AFTER INSERT OR UPDATE OR DELETE ON heard_it.logged FOR EACH ROW EXECUTE FUNCTION heard_it.log_it();
CREATE TRIGGER log_it BEFORE UPDATE ON heard_it.unheard FOR EACH ROW EXECUTE FUNCTION heard_it.log_and_ask();
CREATE VIEW heard_it.all_asked AS SELECT * FROM heard_it.asked;
SELECT format('CREATE POLICY everybody ON heard_it.%1$I USING (true); CREATE POLICY own ON heard_it.%1$I USING (who = heard_it.uid())', t)
FROM unnest(ARRAY['asked', 'taken', 'staying', 'titled', 'touched', 'logged', 'unheard']) t \gexec
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'heard_it'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT object, command, verdict, evidence, reason FROM rlsproof.verify()
WHERE (persona, object, command) IN (
    ('newcomer', 'heard_it.raising', 'UPDATE'), ('newcomer', 'heard_it.restoring', 'UPDATE'),
    ('newcomer', 'heard_it.touching', 'UPDATE'), ('newcomer', 'heard_it.joining', 'INSERT'),
    ('outsider', 'heard_it.asked', 'UPDATE'), ('outsider', 'heard_it.all_asked', 'UPDATE'),
    ('outsider', 'heard_it.taken', 'INSERT'), ('outsider', 'heard_it.staying', 'DELETE'),
    ('outsider', 'heard_it.titled', 'INSERT'), ('outsider', 'heard_it.touched', 'INSERT'),
    ('outsider', 'heard_it.touched', 'UPDATE'), ('outsider', 'heard_it.logged', 'INSERT'),
    ('outsider', 'heard_it.logged', 'UPDATE'), ('outsider', 'heard_it.logged', 'DELETE'),
    ('outsider', 'heard_it.unheard', 'UPDATE'));
SELECT rule, object, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority');
SELECT count(*) FROM heard_it.log;
SELECT is_called FROM heard_it.log_id_seq;

-- A trigger makes every membership the caller's own, which is no hole by itself. That the caller may choose the team is one,
-- whatever is not known of the table otherwise.
CREATE TABLE heard_it.teams (id int PRIMARY KEY, name text);
CREATE TABLE heard_it.members (who uuid, team int REFERENCES heard_it.teams, PRIMARY KEY (who, team));
CREATE TABLE heard_it.plans (id int PRIMARY KEY, team int NOT NULL REFERENCES heard_it.teams);
CREATE TRIGGER set_who BEFORE INSERT ON heard_it.members FOR EACH ROW EXECUTE FUNCTION heard_it.set_who();
CREATE POLICY own ON heard_it.members FOR SELECT USING (who = heard_it.uid());
CREATE POLICY "join" ON heard_it.members FOR INSERT WITH CHECK (true);
CREATE POLICY ours ON heard_it.plans USING (team IN (SELECT m.team FROM heard_it.members m WHERE m.who = heard_it.uid()));
ALTER TABLE heard_it.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE heard_it.plans ENABLE ROW LEVEL SECURITY;
SELECT persona, verdict, reason FROM rlsproof.verify(only_object => 'heard_it.members') WHERE command = 'INSERT' AND verdict <> 'ok';
SELECT persona, verdict, reason FROM rlsproof.verify() WHERE object = 'heard_it.members' AND command = 'INSERT' AND verdict <> 'ok';
SELECT object, message FROM rlsproof.audit() WHERE rule = 'writable_authority';

-- A number from a sequence is no guard, though the trigger that sets it cannot be woken; nor is what a deletion would cascade
-- to in the way of an update.
CREATE SEQUENCE heard_it.numbers;
CREATE FUNCTION heard_it.number() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN IF NEW.title IS NULL THEN NEW.title := 'no ' || nextval('heard_it.numbers'); END IF; RETURN NEW; END $$;
CREATE TABLE heard_it.numbered (id int PRIMARY KEY, who uuid NOT NULL, of_whom uuid REFERENCES heard_it.touching ON DELETE SET NULL, title text);
CREATE TRIGGER number BEFORE INSERT OR UPDATE ON heard_it.numbered FOR EACH ROW EXECUTE FUNCTION heard_it.number();
CREATE POLICY everybody ON heard_it.numbered USING (true);
ALTER TABLE heard_it.numbered ENABLE ROW LEVEL SECURITY;
SELECT object, command, verdict, reason FROM rlsproof.verify() WHERE (persona, object, command) IN
    (('outsider', 'heard_it.numbered', 'INSERT'), ('newcomer', 'heard_it.touching', 'UPDATE'));
SELECT is_called FROM heard_it.numbers;
-- explain() hears them as well: one that writes elsewhere.
CREATE TABLE heard_it.notes_taken (what text);
CREATE TABLE heard_it.noted (id int PRIMARY KEY, body text);
CREATE FUNCTION heard_it.note_down() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN INSERT INTO heard_it.notes_taken VALUES (NEW.body); RETURN NEW; END $$;
CREATE TRIGGER note_down BEFORE UPDATE ON heard_it.noted FOR EACH ROW EXECUTE FUNCTION heard_it.note_down();
CREATE POLICY everybody ON heard_it.noted USING (true);
ALTER TABLE heard_it.noted ENABLE ROW LEVEL SECURITY;
SELECT substring(line FROM 'no more than was declared: \w+') AS line FROM rlsproof.explain('outsider', 'heard_it.noted', 'update') e (line)
    WHERE line ~ 'no more than was declared';
-- A function with rights of its own meets the triggers of what it writes: one that asks who is calling may be all that guards it,
-- and one that looks at titles guards nothing.
CREATE TABLE heard_it.kept (id int PRIMARY KEY, who uuid NOT NULL, title text);
CREATE TABLE heard_it.unkept (id int PRIMARY KEY, who uuid NOT NULL, title text);
ALTER TABLE heard_it.kept ENABLE ROW LEVEL SECURITY;
ALTER TABLE heard_it.unkept ENABLE ROW LEVEL SECURITY;
CREATE TRIGGER own_only BEFORE UPDATE ON heard_it.kept FOR EACH ROW EXECUTE FUNCTION heard_it.own_only();
CREATE TRIGGER long_enough BEFORE INSERT OR UPDATE ON heard_it.unkept FOR EACH ROW EXECUTE FUNCTION heard_it.long_enough();
CREATE FUNCTION heard_it.retitle(p_id int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE heard_it.kept SET title = 'again' WHERE id = p_id $$;
CREATE FUNCTION heard_it.retitle_freely(p_id int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE heard_it.unkept SET title = 'again' WHERE id = p_id $$;
SELECT object, verdict, reason FROM rlsproof.verify('outsider') WHERE object ~ 'retitle';
DROP SCHEMA heard_it CASCADE;
DROP ROLE anon, authenticated;
