-- Functions that set a role of their caller's own: what goes into the column comes wrapped, by way of variables, as a member of an
-- object, as a flag, or before there is a row.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA own_role;
GRANT USAGE ON SCHEMA own_role TO authenticated;
CREATE FUNCTION own_role.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = own_role;
CREATE TABLE people (id uuid PRIMARY KEY, name text, role text NOT NULL DEFAULT 'user', CHECK (role IN ('user', 'admin')));
CREATE TABLE clerks (who uuid PRIMARY KEY REFERENCES people, rank text NOT NULL DEFAULT 'plain');
CREATE TABLE orders (id uuid PRIMARY KEY, who uuid NOT NULL REFERENCES people, item text);
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON clerks FOR SELECT USING (who = uid());
CREATE POLICY own ON orders FOR SELECT USING (who = uid());
CREATE POLICY admins ON orders FOR SELECT USING (EXISTS (SELECT FROM people WHERE id = uid() AND role = 'admin'));
CREATE POLICY chiefs ON orders FOR SELECT USING (EXISTS (SELECT FROM clerks c WHERE c.who = uid() AND c.rank = 'chief'));
SELECT format('ALTER TABLE %1$s ENABLE ROW LEVEL SECURITY; GRANT SELECT ON %1$s TO authenticated', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'own_role'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
-- Whatever the caller says.
CREATE FUNCTION by_case(p_role text DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE own_role.people SET role = CASE WHEN p_role IS NULL THEN role ELSE p_role END WHERE id = own_role.uid(); END $$;
CREATE FUNCTION by_coalesce(p_name text, p_role text DEFAULT NULL) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    UPDATE own_role.people SET name = coalesce(p_name, name), role = coalesce(nullif(p_role, ''), role) WHERE id = own_role.uid() $$;
CREATE FUNCTION by_declared(kind text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE v text := lower(trim(kind)); BEGIN
    UPDATE own_role.people SET role = v WHERE id = own_role.uid(); END $$;
CREATE FUNCTION by_flag(staff boolean DEFAULT false) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE own_role.people SET role = CASE WHEN staff THEN 'admin' ELSE 'user' END WHERE id = own_role.uid(); END $$;
CREATE FUNCTION by_object(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE own_role.people SET name = coalesce(p ->> 'name', name), role = coalesce(p ->> 'kind', role) WHERE id = own_role.uid(); END $$;
CREATE FUNCTION by_two_variables(kind text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ DECLARE a text; b text; BEGIN
    a := coalesce(kind, 'plain'); SELECT lower(a) INTO b; UPDATE own_role.clerks SET rank = b WHERE who = own_role.uid(); END $$;
CREATE FUNCTION first_row(p_role text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO own_role.people (id, role) VALUES (own_role.uid(), p_role); END $$;
-- But for what decides.
CREATE FUNCTION not_admin(p_role text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF p_role = 'admin' THEN RAISE EXCEPTION 'no'; END IF;
    UPDATE own_role.people SET role = coalesce(p_role, role) WHERE id = own_role.uid(); END $$;
CREATE FUNCTION not_by_object(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE own_role.people SET role = CASE WHEN p ->> 'kind' = 'admin' THEN role ELSE coalesce(p ->> 'kind', role) END WHERE id = own_role.uid(); END $$;
CREATE FUNCTION not_first_row(p_role text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO own_role.people (id, role) VALUES (own_role.uid(), replace(p_role, 'admin', 'user')); END $$;
SELECT format('REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO authenticated', p.oid::regprocedure)
FROM pg_proc p WHERE p.pronamespace = 'own_role'::regnamespace AND p.prosecdef ORDER BY p.proname \gexec
RESET search_path;
SELECT rule, level, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') ORDER BY object COLLATE "C";
DROP SCHEMA own_role CASCADE;
DROP ROLE anon, authenticated;
