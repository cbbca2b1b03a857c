-- Calls that ask for one thing and take another: the caller's own team beside somebody else's row, what users write of
-- themselves; and what is told once, or weighs little.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA half;
GRANT USAGE ON SCHEMA half TO anon, authenticated;
SET search_path = half;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE account (id uuid PRIMARY KEY, raw_user_meta_data jsonb NOT NULL DEFAULT '{}');
CREATE TABLE org (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE member (org uuid NOT NULL REFERENCES org, who uuid NOT NULL REFERENCES account, role text NOT NULL DEFAULT 'member', PRIMARY KEY (org, who));
CREATE TABLE paper (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org uuid NOT NULL REFERENCES org, body text, approved boolean DEFAULT false);
CREATE FUNCTION sign_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = half AS $$ DECLARE o uuid; BEGIN
    INSERT INTO org (name) VALUES ('mine') RETURNING id INTO o;
    INSERT INTO member VALUES (o, NEW.id, 'owner');
    RETURN NEW; END $$;
CREATE TRIGGER sign_up AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION sign_up();
CREATE POLICY own ON account FOR SELECT USING (id = uid());
CREATE POLICY own ON member FOR SELECT USING (who = uid());
CREATE POLICY own ON org FOR SELECT USING (id IN (SELECT m.org FROM member m WHERE m.who = uid()));
CREATE POLICY own ON paper FOR SELECT USING (org IN (SELECT m.org FROM member m WHERE m.who = uid()));
CREATE FUNCTION is_in(o uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = half
    AS $$ SELECT EXISTS (SELECT FROM member m WHERE m.org = o AND m.who = uid()) $$;
-- Bad: the team is asked for, and the paper may be of another one. Beside each one that asks for both.
CREATE FUNCTION read_paper(p_org uuid, p_paper uuid) RETURNS TABLE (body text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = half AS $$ BEGIN
    IF NOT is_in(p_org) THEN RAISE EXCEPTION 'not a member'; END IF;
    RETURN QUERY SELECT p.body FROM paper p WHERE p.id = p_paper; END $$;
CREATE FUNCTION read_own_paper(p_org uuid, p_paper uuid) RETURNS TABLE (body text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = half AS $$ BEGIN
    IF NOT is_in(p_org) THEN RAISE EXCEPTION 'not a member'; END IF;
    RETURN QUERY SELECT p.body FROM paper p WHERE p.id = p_paper AND p.org = p_org; END $$;
CREATE FUNCTION approve(p_org uuid, p_paper uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = half AS $$ BEGIN
    IF NOT is_in(p_org) THEN RAISE EXCEPTION 'not a member'; END IF;
    UPDATE paper SET approved = true WHERE id = p_paper; END $$;
CREATE FUNCTION approve_own(p_org uuid, p_paper uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = half AS $$ BEGIN
    IF NOT is_in(p_org) THEN RAISE EXCEPTION 'not a member'; END IF;
    UPDATE paper SET approved = true WHERE id = p_paper AND org = p_org; END $$;
-- Bad: who is an editor says so himself, in the token or in his account, here or in a helper. What he calls himself is his to say.
CREATE FUNCTION is_editor() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = half
    AS $$ SELECT EXISTS (SELECT FROM account a WHERE a.id = uid() AND a.raw_user_meta_data ->> 'role' = 'editor') $$;
CREATE FUNCTION close_paper(p_paper uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = half AS $$ BEGIN
    IF coalesce(current_setting('request.jwt.claims', true)::jsonb -> 'user_metadata' ->> 'role', '') <> 'editor' THEN RAISE EXCEPTION 'not you'; END IF;
    UPDATE paper SET approved = false WHERE id = p_paper; END $$;
CREATE FUNCTION drop_paper(p_paper uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = half AS $$ BEGIN
    IF NOT is_editor() THEN RAISE EXCEPTION 'not you'; END IF;
    DELETE FROM paper WHERE id = p_paper; END $$;
CREATE FUNCTION my_name() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = half
    AS $$ SELECT coalesce(nullif(a.raw_user_meta_data ->> 'name', ''), 'nobody') FROM account a WHERE a.id = uid() AND a.raw_user_meta_data ->> 'name' <> '' $$;
-- Little: the role of whoever is named by an id. The same function under another name tells more.
CREATE FUNCTION get_user_role(p_who uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = half
    AS $$ SELECT m.role FROM member m WHERE m.who = p_who LIMIT 1 $$;
CREATE FUNCTION get_word(p_who uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = half
    AS $$ SELECT m.role FROM member m WHERE m.who = p_who LIMIT 1 $$;
-- One helper that nobody may call, and four tables that ask it.
CREATE FUNCTION helps() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = half AS $$ SELECT uid() IS NOT NULL $$;
REVOKE EXECUTE ON FUNCTION helps() FROM PUBLIC;
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['first', 'second', 'third', 'fourth'] LOOP
        EXECUTE format('CREATE TABLE half.%I (id int PRIMARY KEY); CREATE POLICY helped ON half.%I FOR SELECT USING (half.helps())', t, t);
    END LOOP;
END $$;
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'half'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT ON ALL TABLES IN SCHEMA half TO anon, authenticated;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA half FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read_paper, read_own_paper, approve, approve_own, is_in, is_editor, close_paper, drop_paper, my_name, get_user_role, get_word, uid
    TO authenticated;
RESET search_path;
SELECT object, rule, level, message FROM rlsproof.audit() WHERE object LIKE 'rpc:half.%' AND rule IN ('open', 'forgeable_claim', 'definer_identity')
ORDER BY object COLLATE "C", rule COLLATE "C";
SELECT object, rule, level, message, detail FROM rlsproof.audit() WHERE rule = 'broken' ORDER BY object COLLATE "C";
DROP SCHEMA half CASCADE;
DROP ROLE anon, authenticated;
