-- Calls that are slight: one that counts how often something was looked at, and one that drops a row into a box that nobody sees
-- into, weigh what a policy weighs that lets anybody do the same. A secret of the vault is told in full.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA slight;
GRANT USAGE ON SCHEMA slight TO anon, authenticated;
CREATE FUNCTION slight.uid() RETURNS uuid LANGUAGE sql STABLE RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
SET search_path = slight;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE posts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), author uuid NOT NULL REFERENCES people, title text, views int NOT NULL DEFAULT 0,
    credits int NOT NULL DEFAULT 0);
CREATE TABLE rates (key text PRIMARY KEY, n int NOT NULL DEFAULT 0);
CREATE TABLE leads (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL UNIQUE, source text);
CREATE TABLE letters (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), receiver uuid NOT NULL REFERENCES people, body text);
CREATE POLICY own ON people USING (id = uid());
CREATE POLICY own ON posts USING (author = uid());
CREATE POLICY own ON letters FOR SELECT USING (receiver = uid());
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'slight'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION count_view(p_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ UPDATE posts SET views = views + 1 WHERE id = p_id $$;
CREATE FUNCTION check_rate(p_key text, p_max int) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = slight AS $$ DECLARE v int; BEGIN
    INSERT INTO rates (key, n) VALUES (p_key, 1) ON CONFLICT (key) DO UPDATE SET n = rates.n + 1 RETURNING n INTO v; RETURN v <= p_max; END $$;
CREATE FUNCTION join_list(p_email text, p_source text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ INSERT INTO leads (email, source) VALUES (lower(p_email), p_source) ON CONFLICT (email) DO NOTHING $$;
-- What is no less than it was: by how much is the caller's choice, something else is set besides, it is what somebody has, what was
-- there is changed, and it is put before somebody.
CREATE FUNCTION count_views(p_id uuid, p_by int) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ UPDATE posts SET views = views + p_by WHERE id = p_id $$;
CREATE FUNCTION count_and_name(p_id uuid, p_title text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ UPDATE posts SET views = views + 1, title = p_title WHERE id = p_id $$;
CREATE FUNCTION give_credit(p_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ UPDATE posts SET credits = credits + 1 WHERE id = p_id $$;
CREATE FUNCTION reset_views(p_id uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ UPDATE posts SET views = 1 WHERE id = p_id $$;
CREATE FUNCTION move_lead(p_email text, p_source text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ INSERT INTO leads (email, source) VALUES (lower(p_email), p_source) ON CONFLICT (email) DO UPDATE SET source = excluded.source $$;
CREATE FUNCTION write_to(p_receiver uuid, p_body text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = slight
    AS $$ INSERT INTO letters (receiver, body) VALUES (p_receiver, p_body) $$;
-- Once for each caller, who is written down for it; and for whom he names.
CREATE TABLE vouchers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), shop uuid NOT NULL REFERENCES people, redeemed_count int NOT NULL DEFAULT 0);
CREATE POLICY own ON vouchers USING (shop = uid());
CREATE TABLE redeemed (voucher uuid NOT NULL REFERENCES vouchers, who uuid NOT NULL REFERENCES people, PRIMARY KEY (voucher, who));
CREATE POLICY own ON redeemed USING (who = uid());
ALTER TABLE vouchers ENABLE ROW LEVEL SECURITY;
ALTER TABLE redeemed ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION redeem(p_voucher uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = slight AS $$ BEGIN
    IF uid() IS NULL THEN RAISE EXCEPTION 'who are you'; END IF;
    BEGIN INSERT INTO redeemed VALUES (p_voucher, uid()); EXCEPTION WHEN unique_violation THEN RAISE EXCEPTION 'once'; END;
    UPDATE vouchers SET redeemed_count = redeemed_count + 1 WHERE id = p_voucher; END $$;
CREATE FUNCTION redeem_for(p_voucher uuid, p_who uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = slight AS $$ BEGIN
    IF uid() IS NULL THEN RAISE EXCEPTION 'who are you'; END IF;
    INSERT INTO redeemed VALUES (p_voucher, p_who);
    UPDATE vouchers SET redeemed_count = redeemed_count + 1 WHERE id = p_voucher; END $$;
RESET search_path;
SELECT rule, level, object FROM rlsproof.audit() WHERE object LIKE 'rpc:slight.%' ORDER BY level DESC, object;
SELECT object, verdict, evidence, reason FROM rlsproof.verify('anon') WHERE object ~ 'count_view\(|check_rate|join_list' ORDER BY object;
-- The same by a policy.
DROP FUNCTION slight.join_list;
GRANT INSERT ON slight.leads TO anon;
CREATE POLICY anybody ON slight.leads FOR INSERT WITH CHECK (true);
SELECT rule, level, object FROM rlsproof.audit() WHERE object = 'slight.leads' AND rule = 'open';
DROP SCHEMA slight CASCADE;
-- Of the vault.
CREATE SCHEMA vault;
CREATE SCHEMA kept;
GRANT USAGE ON SCHEMA kept TO anon, authenticated;
CREATE TABLE vault.secrets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text UNIQUE, secret text NOT NULL);
CREATE VIEW vault.decrypted_secrets AS SELECT id, name, secret AS decrypted_secret FROM vault.secrets;
CREATE FUNCTION vault.create_secret(new_secret text, new_name text DEFAULT NULL, new_description text DEFAULT '', new_key_id uuid DEFAULT NULL)
    RETURNS uuid LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$ INSERT INTO vault.secrets (secret, name) VALUES (new_secret, new_name) RETURNING id $$;
REVOKE EXECUTE ON FUNCTION vault.create_secret FROM PUBLIC;
CREATE TABLE kept.people (id uuid PRIMARY KEY, name text);
ALTER TABLE kept.people ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION kept.secret(p_name text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = p_name LIMIT 1 $$;
-- The name is handed on to a helper; and a CTE that is called as the table that it reads.
CREATE FUNCTION kept.by_helper() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT kept.secret('handed_key') $$;
CREATE FUNCTION kept.by_cte() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = kept
    AS $$ WITH people AS (SELECT * FROM people) SELECT name FROM people $$;
CREATE FUNCTION kept.mail_key() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT decrypted_secret FROM vault.decrypted_secrets WHERE name = 'mail_key' $$;
CREATE FUNCTION kept.has(p_name text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM vault.decrypted_secrets WHERE name = p_name) $$;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE object LIKE 'rpc:kept.%' ORDER BY level, object;
SELECT object, verdict, evidence, reason FROM rlsproof.verify('anon') WHERE object LIKE 'rpc:kept.%' ORDER BY object;
DROP SCHEMA kept, vault CASCADE;
DROP ROLE anon, authenticated;
