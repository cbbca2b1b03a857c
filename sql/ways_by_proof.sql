-- Ways up under conditions of which no value can be read off: the prover finds a row that passes, and it is tried. Beside
-- each of them what looks alike and opens nothing, or by right.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA reckon;
GRANT USAGE ON SCHEMA reckon TO anon, authenticated;
CREATE FUNCTION reckon.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = reckon;
-- Whoever puts himself in says what he is, in whatever letters.
CREATE TABLE club (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE pass (club int NOT NULL REFERENCES club, who uuid NOT NULL, kind text, PRIMARY KEY (club, who));
CREATE POLICY seen ON club FOR SELECT USING (EXISTS (SELECT FROM pass p WHERE p.club = club.id AND p.who = uid() AND lower(p.kind) = 'member'));
CREATE POLICY own ON pass FOR SELECT USING (who = uid());
CREATE POLICY joins ON pass FOR INSERT WITH CHECK (who = uid());
-- Whoever was let in raises himself; in the second table the rank is not his to change, in the third a trigger puts it back.
CREATE TABLE lodge (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE brother (lodge int NOT NULL REFERENCES lodge, who uuid NOT NULL, rank text, PRIMARY KEY (lodge, who));
CREATE POLICY seen ON lodge FOR SELECT USING (EXISTS (SELECT FROM brother b WHERE b.lodge = lodge.id AND b.who = uid() AND coalesce(b.rank, 'none') = 'master'));
CREATE POLICY own ON brother FOR SELECT USING (who = uid());
CREATE POLICY saves ON brother FOR UPDATE USING (who = uid());
CREATE TABLE abbey (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE monk (abbey int NOT NULL REFERENCES abbey, who uuid NOT NULL, rank text, motto text, PRIMARY KEY (abbey, who));
CREATE POLICY seen ON abbey FOR SELECT USING (EXISTS (SELECT FROM monk m WHERE m.abbey = abbey.id AND m.who = uid() AND coalesce(m.rank, 'none') = 'master'));
CREATE POLICY own ON monk FOR SELECT USING (who = uid());
CREATE POLICY saves ON monk FOR UPDATE USING (who = uid());
CREATE TABLE castle (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE knight (castle int NOT NULL REFERENCES castle, who uuid NOT NULL, rank text, PRIMARY KEY (castle, who));
CREATE POLICY seen ON castle FOR SELECT USING (EXISTS (SELECT FROM knight k WHERE k.castle = castle.id AND k.who = uid() AND coalesce(k.rank, 'none') = 'master'));
CREATE POLICY own ON knight FOR SELECT USING (who = uid());
CREATE POLICY saves ON knight FOR UPDATE USING (who = uid());
CREATE FUNCTION keep_rank() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.rank := OLD.rank; RETURN NEW; END $$;
CREATE TRIGGER keep_rank BEFORE UPDATE ON knight FOR EACH ROW EXECUTE FUNCTION keep_rank();
-- A founder is let into what is his own, and one who was invited into that alone.
CREATE TABLE society (id int PRIMARY KEY, founder uuid NOT NULL, name text NOT NULL);
CREATE TABLE asked (society int NOT NULL REFERENCES society, who uuid NOT NULL, PRIMARY KEY (society, who));
CREATE TABLE fellow (society int NOT NULL REFERENCES society, who uuid NOT NULL, kind text, PRIMARY KEY (society, who));
CREATE TABLE minutes (id int PRIMARY KEY, society int NOT NULL REFERENCES society, body text);
CREATE POLICY own ON society FOR SELECT USING (founder = uid());
CREATE POLICY founds ON society FOR INSERT WITH CHECK (founder = uid());
CREATE POLICY own ON asked FOR SELECT USING (who = uid());
CREATE POLICY own ON fellow FOR SELECT USING (who = uid());
CREATE POLICY founder ON fellow FOR INSERT WITH CHECK (who = uid() AND EXISTS (SELECT FROM society s WHERE s.id = fellow.society AND s.founder = uid()));
CREATE POLICY invited ON fellow FOR INSERT WITH CHECK (who = uid() AND EXISTS (SELECT FROM asked a WHERE a.society = fellow.society AND a.who = uid()));
CREATE POLICY seen ON minutes FOR SELECT USING (EXISTS (SELECT FROM fellow f WHERE f.society = minutes.society AND f.who = uid() AND lower(f.kind) <> 'guest'));
-- Everybody has a profile from the start, and none to put in.
CREATE TABLE account (id uuid PRIMARY KEY);
CREATE TABLE profile (who uuid PRIMARY KEY REFERENCES account, kind text NOT NULL DEFAULT 'guest');
CREATE TABLE ledger (id int PRIMARY KEY, amount int);
CREATE FUNCTION signed_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO reckon.profile (who) VALUES (NEW.id); RETURN NEW; END $$;
CREATE TRIGGER signed_up AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION signed_up();
CREATE POLICY own ON account FOR SELECT USING (id = uid());
CREATE POLICY own ON profile FOR SELECT USING (who = uid());
CREATE POLICY enters ON profile FOR INSERT WITH CHECK (who = uid());
CREATE POLICY seen ON ledger FOR SELECT USING (EXISTS (SELECT FROM profile p WHERE p.who = uid() AND lower(p.kind) = 'clerk'));
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['club', 'pass', 'lodge', 'brother', 'abbey', 'monk', 'castle', 'knight', 'society', 'asked', 'fellow', 'minutes', 'account', 'profile', 'ledger'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reckon TO anon, authenticated;
REVOKE UPDATE ON brother, monk, knight FROM anon, authenticated;
GRANT UPDATE (rank) ON brother, knight TO authenticated;
GRANT UPDATE (motto) ON monk TO authenticated;
RESET search_path;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE category = 'exposure' ORDER BY object, rule;
-- The cell of the write says so, with what a person can paste; and of one table alone the same is said as of all.
SELECT command, verdict, evidence, reason, jsonb_typeof(witness::jsonb) FROM rlsproof.verify('newcomer', 'reckon.brother') WHERE verdict = 'open';
SELECT command, verdict, evidence, reason, jsonb_typeof(witness::jsonb) FROM rlsproof.verify('newcomer') WHERE object IN ('reckon.pass', 'reckon.brother') AND verdict = 'open' ORDER BY object;
SELECT object, command, verdict FROM rlsproof.verify('newcomer') WHERE object IN ('reckon.monk', 'reckon.knight', 'reckon.fellow', 'reckon.profile', 'reckon.minutes', 'reckon.ledger') AND command IN ('SELECT', 'INSERT', 'UPDATE') ORDER BY object, command;
DROP SCHEMA reckon CASCADE;
DROP ROLE authenticated, anon;
