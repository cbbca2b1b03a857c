-- Views with their owner's rights that ask for themselves who is looking: what they keep back is kept back, also from whoever
-- writes through them, and they are not accused like those that ask nothing.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA cond_it;
GRANT USAGE ON SCHEMA cond_it TO anon, authenticated;
CREATE FUNCTION cond_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = cond_it;
CREATE TABLE firm (id int PRIMARY KEY, name text NOT NULL, plan text NOT NULL);
CREATE TABLE contact (firm int NOT NULL REFERENCES firm, who uuid NOT NULL, PRIMARY KEY (firm, who));
CREATE TABLE letter (id int PRIMARY KEY, who uuid NOT NULL, words text);
ALTER TABLE firm ENABLE ROW LEVEL SECURITY;
ALTER TABLE contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON contact FOR SELECT USING (who = uid());
CREATE FUNCTION my_firm() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT c.firm FROM cond_it.contact c WHERE c.who = cond_it.uid() $$;
CREATE VIEW my_firm_only AS SELECT id, name FROM firm WHERE id = my_firm();
CREATE VIEW my_letters AS SELECT id, who, words FROM letter WHERE who = uid();
CREATE VIEW all_letters AS SELECT id, words FROM letter;
GRANT SELECT, INSERT, UPDATE, DELETE ON my_firm_only, my_letters, all_letters, contact TO anon, authenticated;
RESET search_path;
SELECT object, command, persona, verdict, evidence, reason FROM rlsproof.verify() WHERE object IN ('cond_it.my_firm_only', 'cond_it.my_letters')
AND command IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') ORDER BY object, command, persona;
SELECT level, object, message, detail FROM rlsproof.audit() WHERE rule = 'owner_view' ORDER BY object;
-- Where nothing is executed nothing was seen, and nothing is made light of.
SET rlsproof.environment = 'production';
SELECT level, object, detail FROM rlsproof.audit() WHERE rule = 'owner_view' ORDER BY object;
RESET rlsproof.environment;
DROP SCHEMA cond_it CASCADE;
DROP ROLE authenticated, anon;
