-- A function that refuses is only known to turn strangers away where it lets somebody else get further: not where it
-- refuses the argument, or the state of the row, whoever calls. Arguments are what the body names.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA refused;
GRANT USAGE ON SCHEMA refused TO anon, authenticated;
CREATE FUNCTION refused.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE FUNCTION refused.claims() RETURNS jsonb LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
SET search_path = refused;
CREATE TABLE people (id uuid PRIMARY KEY, name text);
CREATE TABLE payouts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person_id uuid NOT NULL REFERENCES people, amount numeric NOT NULL,
    status text NOT NULL DEFAULT 'open', memo text);
CREATE TABLE jobs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), client_id uuid NOT NULL REFERENCES people, worker_id uuid REFERENCES people, price numeric);
CREATE TABLE offers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), job_id uuid NOT NULL REFERENCES jobs, worker_id uuid NOT NULL REFERENCES people,
    price numeric NOT NULL);
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON payouts FOR SELECT USING (person_id = uid());
CREATE POLICY own ON jobs FOR SELECT USING (uid() IN (client_id, worker_id));
CREATE POLICY own ON offers FOR SELECT USING (worker_id = uid());
GRANT SELECT ON ALL TABLES IN SCHEMA refused TO anon, authenticated;
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'refused'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec

-- Words and numbers that a body names open it: in a list, in a CASE, by limits; its sibling asks whose the row is.
CREATE FUNCTION mark(p uuid, s text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF uid() IS NULL THEN RAISE 'not signed in'; END IF;
    IF s NOT IN ('paid', 'void') THEN RAISE 'bad status'; END IF;
    UPDATE payouts SET status = s WHERE id = p;
END $$;
CREATE FUNCTION mark_own(p uuid, s text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF uid() IS NULL THEN RAISE 'not signed in'; END IF;
    IF s NOT IN ('paid', 'void') THEN RAISE 'bad status'; END IF;
    IF NOT EXISTS (SELECT FROM payouts WHERE id = p AND person_id = uid()) THEN RAISE 'not yours'; END IF;
    UPDATE payouts SET status = s WHERE id = p;
END $$;
CREATE FUNCTION act(p uuid, what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF uid() IS NULL THEN RAISE 'not signed in'; END IF;
    CASE lower(what) WHEN 'settle' THEN UPDATE payouts SET status = 'paid' WHERE id = p; ELSE RAISE 'do what?'; END CASE;
END $$;
CREATE FUNCTION set_amount(p uuid, a numeric) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF uid() IS NULL THEN RAISE 'not signed in'; END IF;
    IF a <= 0 OR a > 0.5 THEN RAISE 'bad amount'; END IF;
    UPDATE payouts SET amount = a WHERE id = p;
END $$;
CREATE FUNCTION set_amount_own(p uuid, a numeric) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF a <= 0 OR a > 0.5 THEN RAISE 'bad amount'; END IF;
    UPDATE payouts SET amount = a WHERE id = p AND person_id = uid();
    IF NOT FOUND THEN RAISE 'no such payout'; END IF;
END $$;
-- What it wants to hear is not in its body: everybody is refused alike, and that is no answer.
CREATE FUNCTION mark_by_word(p uuid, s text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF uid() IS NULL THEN RAISE 'not signed in'; END IF;
    IF md5(p::text || memo_of(p)) IS DISTINCT FROM s THEN RAISE 'wrong word'; END IF;
    UPDATE payouts SET memo = s WHERE id = p;
END $$;
CREATE FUNCTION memo_of(p uuid) RETURNS text LANGUAGE sql STABLE SET search_path = refused AS $$ SELECT coalesce(memo, '') FROM payouts WHERE id = p $$;
-- A claim that the platform gives lets somebody in; so does a helper that raises.
CREATE FUNCTION by_service(p uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF claims() ->> 'role' IS DISTINCT FROM 'service_role' THEN RAISE 'not for you' USING ERRCODE = '42501'; END IF;
    UPDATE payouts SET status = 'paid' WHERE id = p;
END $$;
CREATE FUNCTION by_staff(p uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF claims() -> 'app_metadata' ->> 'staff' IS DISTINCT FROM 'yes' THEN RAISE 'not for you'; END IF; UPDATE payouts SET status = 'paid' WHERE id = p;
END $$;
CREATE FUNCTION must_own(p uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM payouts WHERE id = p AND person_id = uid()) THEN RAISE 'not yours'; END IF;
END $$;
CREATE FUNCTION settle_own(p uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = refused
    AS $$ SELECT must_own(p); UPDATE payouts SET status = 'paid' WHERE id = p $$;
-- Two columns of the caller's row together, as no made row has them.
CREATE TABLE staff (id uuid PRIMARY KEY, role text NOT NULL, state text NOT NULL);
CREATE POLICY own ON staff FOR SELECT USING (id = uid());
ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION is_chief() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused
    AS $$ SELECT EXISTS (SELECT FROM staff WHERE id = uid() AND role = 'chief' AND state = 'in office') $$;
CREATE FUNCTION by_chief(p uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF NOT is_chief() THEN RAISE 'not for you'; END IF;
    UPDATE payouts SET status = 'paid' WHERE id = p;
END $$;
-- Nobody may any more: it says so to all of them.
CREATE FUNCTION closed(p uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$ BEGIN
    IF uid() IS NULL OR now() > '2001-01-01' THEN RAISE 'closed'; END IF;
    UPDATE payouts SET status = 'paid' WHERE id = p;
END $$;
-- The state of a row that none of the made ones has: NULL is no client, and is not turned away.
CREATE FUNCTION take_offer(p uuid) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$
DECLARE o offers; j jobs;
BEGIN
    SELECT * INTO o FROM offers WHERE id = p;
    IF o.id IS NULL THEN RAISE 'no such offer'; END IF;
    SELECT * INTO j FROM jobs WHERE id = o.job_id;
    IF j.client_id <> uid() THEN RAISE 'not yours'; END IF;
    IF j.worker_id IS NOT NULL THEN RAISE 'taken already'; END IF;
    UPDATE jobs SET worker_id = o.worker_id, price = o.price WHERE id = j.id;
    RETURN j.id;
END $$;
CREATE FUNCTION take_offer_own(p uuid) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused AS $$
DECLARE o offers; j jobs;
BEGIN
    SELECT * INTO o FROM offers WHERE id = p;
    IF o.id IS NULL THEN RAISE 'no such offer'; END IF;
    SELECT * INTO j FROM jobs WHERE id = o.job_id;
    IF j.client_id IS DISTINCT FROM uid() THEN RAISE 'not yours'; END IF;
    IF j.worker_id IS NOT NULL THEN RAISE 'taken already'; END IF;
    UPDATE jobs SET worker_id = o.worker_id, price = o.price WHERE id = j.id;
    RETURN j.id;
END $$;
-- Whom an argument names that may be left out.
CREATE FUNCTION earnings(p_person uuid DEFAULT NULL) RETURNS TABLE (total numeric, n bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused AS $$
    WITH me AS (SELECT coalesce(p_person, uid()) AS id)
    SELECT coalesce(sum(amount), 0), count(*) FROM payouts WHERE person_id = (SELECT id FROM me) $$;
CREATE FUNCTION earnings_own(p_person uuid DEFAULT NULL) RETURNS TABLE (total numeric, n bigint) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused AS $$
    SELECT sum(amount), count(*) FROM payouts WHERE person_id = uid() AND coalesce(p_person, uid()) = uid() HAVING count(*) > 0 $$;
CREATE FUNCTION payout_list(p_person uuid DEFAULT NULL) RETURNS SETOF payouts LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused AS $$
    SELECT * FROM payouts WHERE person_id = coalesce(p_person, uid()) $$;
CREATE FUNCTION payout_list_own(p_person uuid DEFAULT NULL) RETURNS SETOF payouts LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused AS $$
    SELECT * FROM payouts WHERE person_id = coalesce(p_person, uid()) AND person_id = uid() $$;
-- A number about somebody is no row of his, and may be his alone to know.
CREATE FUNCTION paid_to(p uuid) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused
    AS $$ SELECT sum(amount) FROM payouts WHERE person_id = p AND uid() IS NOT NULL $$;
CREATE FUNCTION paid_to_own(p uuid) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused
    AS $$ SELECT sum(amount) FROM payouts WHERE person_id = p AND p = uid() $$;
RESET search_path;
SELECT substr(object, 13) AS function, persona, verdict, reason FROM rlsproof.verify(NULL, NULL, 'execute')
WHERE object LIKE 'rpc:refused.%' AND persona <> 'newcomer' AND object !~ 'refused.(uid|claims|memo_of)' ORDER BY object COLLATE "C", persona COLLATE "C";
SELECT level, rule, object FROM rlsproof.audit() WHERE object LIKE 'rpc:refused.%' ORDER BY object COLLATE "C", rule;
DROP SCHEMA refused CASCADE;

-- A plain member makes itself owner where membership is all that is asked; and acts on what is others' from a team of its own.
CREATE SCHEMA refused;
GRANT USAGE ON SCHEMA refused TO anon, authenticated;
CREATE FUNCTION refused.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = refused;
CREATE TABLE orgs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, owner_id uuid NOT NULL);
CREATE TABLE members (org_id uuid NOT NULL REFERENCES orgs, user_id uuid NOT NULL, role text NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'admin', 'member')),
    PRIMARY KEY (org_id, user_id));
CREATE TABLE secrets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES orgs, body text);
CREATE FUNCTION is_member(o uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused
    AS $$ SELECT EXISTS (SELECT FROM members WHERE org_id = o AND user_id = uid()) $$;
CREATE FUNCTION is_admin(o uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = refused
    AS $$ SELECT EXISTS (SELECT FROM members WHERE org_id = o AND user_id = uid() AND role IN ('owner', 'admin')) $$;
CREATE POLICY seen ON orgs FOR SELECT USING (is_member(id) OR owner_id = uid());
CREATE POLICY found ON orgs FOR INSERT WITH CHECK (owner_id = uid());
CREATE POLICY seen ON members FOR SELECT USING (user_id = uid() OR is_member(org_id));
CREATE POLICY seen ON secrets FOR SELECT USING (is_member(org_id));
CREATE POLICY kept ON secrets FOR INSERT WITH CHECK (is_admin(org_id));
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA refused TO authenticated;
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'refused'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION set_role(o uuid, u uuid, r text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused
    AS $$ BEGIN IF NOT is_member(o) THEN RAISE 'no'; END IF; UPDATE members SET role = r WHERE org_id = o AND user_id = u; END $$;
CREATE FUNCTION set_role_as_admin(o uuid, u uuid, r text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused
    AS $$ BEGIN IF NOT is_admin(o) THEN RAISE 'no'; END IF; UPDATE members SET role = r WHERE org_id = o AND user_id = u; END $$;
CREATE FUNCTION step_down(o uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused
    AS $$ BEGIN IF NOT is_member(o) THEN RAISE 'no'; END IF; UPDATE members SET role = 'member' WHERE org_id = o AND user_id = uid(); END $$;
CREATE FUNCTION edit(p_org uuid, p_secret uuid, p_body text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused
    AS $$ BEGIN IF NOT is_member(p_org) THEN RAISE 'no'; END IF; UPDATE secrets SET body = p_body WHERE id = p_secret; END $$;
CREATE FUNCTION edit_there(p_org uuid, p_secret uuid, p_body text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = refused
    AS $$ BEGIN IF NOT is_member(p_org) THEN RAISE 'no'; END IF; UPDATE secrets SET body = p_body WHERE id = p_secret AND org_id = p_org; END $$;
RESET search_path;
SELECT substr(object, 13) AS function, persona, verdict, reason FROM rlsproof.verify(NULL, NULL, 'execute')
WHERE object ~ 'rpc:refused.(set|step|edit)' AND persona <> 'anon' ORDER BY object COLLATE "C", persona COLLATE "C";
SELECT level, rule, object, message FROM rlsproof.audit() WHERE object LIKE 'rpc:refused.%' ORDER BY object COLLATE "C", rule;
DROP SCHEMA refused CASCADE;
DROP ROLE authenticated, anon;
