-- What turns a caller away is told from what is broken: a visitor without the rights that policies need is shut out, if not
-- politely, and of functions that share a name each is called with all its arguments.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA away_it;
GRANT USAGE ON SCHEMA away_it TO anon, authenticated;
CREATE FUNCTION away_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = away_it;
CREATE TABLE crew (boat int, who uuid, PRIMARY KEY (boat, who));
CREATE TABLE log (id int PRIMARY KEY, boat int, words text);
CREATE TABLE chart (id int PRIMARY KEY, boat int);
CREATE TABLE secret (id int PRIMARY KEY);
CREATE FUNCTION sails(b int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM away_it.crew WHERE boat = b AND who = away_it.uid()) $$;
REVOKE EXECUTE ON FUNCTION sails(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sails(int) TO authenticated;
ALTER TABLE crew ENABLE ROW LEVEL SECURITY;
ALTER TABLE log ENABLE ROW LEVEL SECURITY;
ALTER TABLE chart ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON log, chart TO anon, authenticated;
CREATE POLICY crew ON log USING (sails(boat));
CREATE POLICY crew ON chart USING (EXISTS (SELECT FROM away_it.secret) OR sails(boat));
CREATE FUNCTION note(p_boat int, p_words text, p_more json DEFAULT '[]') RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN IF away_it.uid() IS NULL THEN RAISE 'sign in'; END IF; INSERT INTO away_it.log (id, boat, words) VALUES (length(p_words), p_boat, p_words || away_it.uid()); END $$;
CREATE FUNCTION note(p_boat int, p_words text, p_kind text DEFAULT 'x', p_more json DEFAULT '[]') RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN IF away_it.uid() IS NULL THEN RAISE 'sign in'; END IF; INSERT INTO away_it.log (id, boat, words) VALUES (length(p_words), p_boat, p_words || away_it.uid()); END $$;
RESET search_path;
SELECT level, object, message, hint FROM rlsproof.audit() WHERE rule = 'broken' AND object LIKE '%away_it%' ORDER BY object;
SELECT persona, command, verdict FROM rlsproof.verify(NULL, 'away_it.log') WHERE command IN ('SELECT', 'INSERT');
DROP SCHEMA away_it CASCADE;
DROP ROLE authenticated, anon;
