-- Helpers that nobody said are STABLE see what the statement around them has done so far. Where it changes nothing that
-- they look at, that is what was there before.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA slip;
GRANT USAGE ON SCHEMA slip TO anon, authenticated;
CREATE FUNCTION slip.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = slip;
CREATE TABLE company (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE member (company int NOT NULL REFERENCES company, who uuid NOT NULL, PRIMARY KEY (company, who));
CREATE FUNCTION is_member(c int) RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM slip.member m WHERE m.company = c AND m.who = slip.uid()) $$;
-- Another table than the one that is written.
CREATE TABLE job (id int PRIMARY KEY, company int NOT NULL REFERENCES company, note text);
CREATE POLICY members ON job USING (is_member(company));
-- The very table: who is let in by the first row lets the second one in.
CREATE POLICY members ON member USING (is_member(company));
-- A trigger writes to it before the row is looked at.
CREATE TABLE request (id int PRIMARY KEY, company int NOT NULL REFERENCES company, note text);
CREATE POLICY members ON request USING (is_member(company));
CREATE FUNCTION let_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO slip.member VALUES (NEW.company, slip.uid()) ON CONFLICT DO NOTHING; RETURN NEW; END $$;
CREATE TRIGGER let_in BEFORE INSERT ON request FOR EACH ROW EXECUTE FUNCTION let_in();
-- It writes to another table, and a trigger there lets in: the row is looked at after both.
CREATE TABLE notice (company int NOT NULL);
CREATE TABLE offer (id int PRIMARY KEY, company int NOT NULL REFERENCES company, note text);
CREATE POLICY members ON offer USING (is_member(company));
CREATE FUNCTION notify() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO slip.notice VALUES (NEW.company); RETURN NEW; END $$;
CREATE TRIGGER notify BEFORE INSERT ON offer FOR EACH ROW EXECUTE FUNCTION notify();
CREATE TRIGGER let_in AFTER INSERT ON notice FOR EACH ROW EXECUTE FUNCTION let_in();
-- So does a default.
CREATE FUNCTION entered() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN INSERT INTO slip.member SELECT c.id, slip.uid() FROM slip.company c ON CONFLICT DO NOTHING; RETURN ''; END $$;
CREATE TABLE form (id int PRIMARY KEY, company int NOT NULL REFERENCES company, note text DEFAULT entered());
CREATE POLICY members ON form USING (is_member(company));
-- After it, it is too late.
CREATE TABLE wish (id int PRIMARY KEY, company int NOT NULL REFERENCES company, note text);
CREATE POLICY members ON wish USING (is_member(company));
CREATE TRIGGER let_in AFTER INSERT ON wish FOR EACH ROW EXECUTE FUNCTION let_in();
-- A part of the table that is written.
CREATE TABLE log (id int, who uuid NOT NULL, note text) PARTITION BY RANGE (id);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (1) TO (1000);
CREATE FUNCTION has_log() RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM slip.log_1 l WHERE l.who = slip.uid()) $$;
CREATE POLICY known ON log USING (has_log());
ALTER TABLE company ENABLE ROW LEVEL SECURITY;
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE job ENABLE ROW LEVEL SECURITY;
ALTER TABLE request ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer ENABLE ROW LEVEL SECURITY;
ALTER TABLE form ENABLE ROW LEVEL SECURITY;
ALTER TABLE wish ENABLE ROW LEVEL SECURITY;
ALTER TABLE log ENABLE ROW LEVEL SECURITY;
ALTER TABLE log_1 ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA slip TO authenticated;
RESET search_path;
SELECT object, command, verdict, CASE verdict WHEN 'unknown' THEN reason END AS why FROM rlsproof.prove('outsider')
WHERE direction = 'no more' AND object IN ('slip.job', 'slip.member', 'slip.request', 'slip.offer', 'slip.form', 'slip.wish', 'slip.log') AND command <> 'DELETE' ORDER BY object, command;
DROP SCHEMA slip CASCADE;
DROP ROLE authenticated, anon;
