-- What the body of a function looks like, and what calls of it gave: nothing that was not everybody's, or an error each time.
-- And a call that says which setting it sets.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
SET check_function_bodies = off;
CREATE ROLE regress_weighed_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_weighed_api;
CREATE SCHEMA weighed;
GRANT USAGE ON SCHEMA weighed TO anon, authenticated;
CREATE FUNCTION weighed.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE weighed.people (id uuid PRIMARY KEY);
CREATE TABLE weighed.notes (id uuid PRIMARY KEY, who uuid NOT NULL REFERENCES weighed.people, read boolean NOT NULL DEFAULT false, total int);
CREATE TABLE weighed.resellers (id uuid PRIMARY KEY, who uuid NOT NULL REFERENCES weighed.people, name text NOT NULL);
CREATE TABLE weighed.payouts (id int PRIMARY KEY, who uuid NOT NULL, status text NOT NULL);
CREATE TABLE weighed.invoices (id int PRIMARY KEY, tenant text NOT NULL);
ALTER TABLE weighed.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE weighed.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE weighed.resellers ENABLE ROW LEVEL SECURITY;
ALTER TABLE weighed.invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON weighed.people FOR SELECT USING (id = weighed.uid());
CREATE POLICY own ON weighed.notes FOR SELECT USING (who = weighed.uid());
CREATE POLICY everybody ON weighed.resellers FOR SELECT USING (true);
CREATE POLICY own ON weighed.resellers FOR UPDATE USING (who = weighed.uid());
CREATE POLICY own ON weighed.invoices FOR SELECT TO authenticated USING (tenant = current_setting('weighed.tenant', true));
GRANT SELECT ON ALL TABLES IN SCHEMA weighed TO anon, authenticated;
CREATE POLICY own ON weighed.payouts FOR SELECT USING (who = weighed.uid());
GRANT ALL ON weighed.payouts TO anon, authenticated;
GRANT UPDATE ON weighed.resellers TO authenticated;

-- Each call fails, whatever it is given: a column and a table that are not there, a name that is two.
CREATE FUNCTION weighed.mark_read(p_who uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN UPDATE weighed.notes SET read = true, updated_at = now() WHERE who = p_who; END $$;
CREATE FUNCTION weighed.gone(p_who uuid) RETURNS SETOF weighed.notes LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN RETURN QUERY SELECT n.* FROM weighed.notes n JOIN weighed.inbox i ON i.id = n.id WHERE n.who = p_who; END $$;
CREATE FUNCTION weighed.stats(p_who uuid) RETURNS TABLE (total bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN
      IF p_who IS NULL THEN RAISE EXCEPTION 'who?'; END IF;
      RETURN QUERY SELECT sum(total)::bigint FROM weighed.notes WHERE who = p_who; END $$;
-- One branch fails: the other may well do what it is for.
CREATE FUNCTION weighed.branch(p_who uuid, p_kind text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''
    AS $$ BEGIN
      IF md5(md5(p_kind)) = 'nobody guesses it' THEN
        UPDATE weighed.notes SET read = true WHERE who = p_who;
      ELSE
        UPDATE weighed.notes SET updated_at = now() WHERE who = p_who;
      END IF; END $$;
-- Everybody reads that table whole.
CREATE FUNCTION weighed.reseller_of(p_who uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT id FROM weighed.resellers WHERE who = p_who LIMIT 1 $$;
-- A table that is open for want of a switch: once that is mended, this is what is left open.
CREATE FUNCTION weighed.settle(p_id int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE weighed.payouts SET status = 'paid' WHERE id = p_id $$;
CREATE FUNCTION weighed.status_of(p_id int) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT status FROM weighed.payouts WHERE id = p_id $$;
-- It writes what only its owner may.
CREATE FUNCTION weighed.rename(p_who uuid, p_name text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ UPDATE weighed.resellers SET name = p_name WHERE who = p_who $$;

-- The name of the setting is an argument, whole or its end. One sets what nobody is told apart by.
CREATE FUNCTION weighed.set_any(setting text, value text) RETURNS void LANGUAGE sql
    AS $$ SELECT pg_catalog.set_config(setting, value, false) $$;
CREATE FUNCTION weighed.set_own(setting text, value text) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN PERFORM set_config('weighed.' || setting, value, true); END $$;
CREATE FUNCTION weighed.set_other(setting text, value text) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN PERFORM set_config('display.' || setting, value, true); END $$;

SELECT object, verdict, evidence, reason FROM rlsproof.verify('outsider', NULL, 'execute')
WHERE object LIKE 'rpc:weighed.%' AND object NOT LIKE '%uid()' ORDER BY object COLLATE "C";
SELECT level, rule, object, message FROM rlsproof.audit() WHERE object LIKE 'rpc:weighed.%';
SELECT detail FROM rlsproof.lint('forgeable_claim') WHERE object LIKE '%set_own%';

DROP SCHEMA weighed CASCADE;
DROP OWNED BY anon, authenticated;
DROP ROLE regress_weighed_api, anon, authenticated;
