-- What a sign-up trigger makes of what is sent: tried with every word that may open something, where a trial tells all.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_sign_anon;
CREATE ROLE regress_sign_user;
CREATE ROLE regress_sign_api LOGIN NOINHERIT;
GRANT regress_sign_anon, regress_sign_user TO regress_sign_api;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_sign_anon';
CREATE SCHEMA sign_it;
GRANT USAGE ON SCHEMA sign_it TO regress_sign_anon, regress_sign_user;
CREATE FUNCTION sign_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
-- Accounts, people with a role, whoever has one of these sees everybody, and a trigger that puts people in.
CREATE PROCEDURE sign_it.make(name text, body text, condition text DEFAULT $$p.role = 'admin'$$, more text DEFAULT '') LANGUAGE plpgsql AS $make$
BEGIN
    EXECUTE format('CREATE TABLE sign_it.%1$s_accounts (id uuid PRIMARY KEY, email text, raw_user_meta_data jsonb);
        CREATE TABLE sign_it.%1$s (id uuid PRIMARY KEY REFERENCES sign_it.%1$s_accounts, role text DEFAULT ''student_%1$s'', name text %2$s);
        CREATE FUNCTION sign_it.%1$s_sees_all() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = sign_it
            AS $f$ SELECT EXISTS (SELECT FROM %1$s p WHERE p.id = uid() AND %3$s) $f$;
        CREATE POLICY own ON sign_it.%1$s FOR SELECT USING (id = sign_it.uid() OR sign_it.%1$s_sees_all());
        ALTER TABLE sign_it.%1$s ENABLE ROW LEVEL SECURITY; ALTER TABLE sign_it.%1$s_accounts ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON sign_it.%1$s TO regress_sign_user', name, regexp_replace(more, '(tutor|student)', '\1_' || name, 'g'), regexp_replace(condition, '(admin|tutor|student)', '\1_' || name, 'g'));
    EXECUTE format('CREATE FUNCTION sign_it.on_%1$s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = sign_it
            AS $f$ %2$s $f$;
        CREATE TRIGGER on_%1$s AFTER INSERT ON sign_it.%1$s_accounts FOR EACH ROW EXECUTE FUNCTION sign_it.on_%1$s()',
        name, regexp_replace(replace(body, 'PEOPLE', name), '(admin|tutor|student)', '\1_' || name, 'g'));
END $make$;
-- One of two harmless kinds and nothing else; what is none of them is refused, or cannot be held.
CALL sign_it.make('listed', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted NOT IN ('student', 'tutor') THEN wanted := 'student'; END IF; -- it's one of two
    INSERT INTO PEOPLE (id, role, name) VALUES (new.id, wanted, new.raw_user_meta_data ->> 'full_name');
    RETURN new;
END $$);
CALL sign_it.make('refused', $$
BEGIN
    IF new.raw_user_meta_data ->> 'kind' NOT IN ('student', 'tutor') THEN RAISE EXCEPTION 'no such kind'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, coalesce(new.raw_user_meta_data ->> 'kind', 'student'));
    RETURN new;
END $$);
CALL sign_it.make('held', $$
BEGIN
    INSERT INTO PEOPLE (id, role) VALUES (new.id, coalesce(new.raw_user_meta_data ->> 'role', 'student'));
    RETURN new;
END $$, more => $$CHECK (role IN ('student', 'tutor'))$$);
-- One of the kinds is asked for; all but one are let through; another key opens the door.
CALL sign_it.make('asked', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted NOT IN ('student', 'tutor') THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted);
    RETURN new;
END $$, $$p.role IN ('admin', 'tutor')$$);
CALL sign_it.make('all_but_one', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted = 'admin' THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted);
    RETURN new;
END $$);
CALL sign_it.make('by_another_key', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted NOT IN ('student', 'tutor') AND coalesce(new.raw_user_meta_data ->> 'from', '') <> 'office' THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted);
    RETURN new;
END $$);
-- What a trial does not tell: what goes by the address, by rows that are there, by errors that nobody hears of, by who
-- is calling; a change of the account; what must only not be the usual; what is copied as it is.
CALL sign_it.make('by_address', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted NOT IN ('student', 'tutor') AND new.email NOT LIKE '%@office.invalid' THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted);
    RETURN new;
END $$);
CALL sign_it.make('by_rows', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted NOT IN ('student', 'tutor') AND EXISTS (SELECT FROM PEOPLE) THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted);
    RETURN new;
END $$);
CALL sign_it.make('unheard', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted NOT IN ('student', 'tutor') AND NOT (new.raw_user_meta_data ->> 'staff')::boolean THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted);
    RETURN new;
EXCEPTION WHEN OTHERS THEN RETURN new;
END $$);
CALL sign_it.make('changed_later', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF TG_OP = 'INSERT' AND wanted NOT IN ('student', 'tutor') THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted) ON CONFLICT (id) DO UPDATE SET role = excluded.role;
    RETURN new;
END $$);
CREATE TRIGGER later AFTER UPDATE ON sign_it.changed_later_accounts FOR EACH ROW EXECUTE FUNCTION sign_it.on_changed_later();
CALL sign_it.make('not_usual', $$
DECLARE wanted text := coalesce(new.raw_user_meta_data ->> 'role', 'student');
BEGIN
    IF wanted NOT IN ('student', 'tutor') THEN wanted := 'student'; END IF;
    INSERT INTO PEOPLE (id, role) VALUES (new.id, wanted);
    RETURN new;
END $$, $$p.role <> 'student'$$);
CALL sign_it.make('as_it_is', $$
BEGIN
    INSERT INTO PEOPLE (id, role) VALUES (new.id, coalesce(new.raw_user_meta_data ->> 'role', 'student'));
    RETURN new;
END $$);
SELECT level, object, evidence, message, regexp_replace(detail, '^.*server alone\. ?', '') AS detail
FROM rlsproof.audit() WHERE rule = 'forgeable_claim' AND object ~ 'sign_it' ORDER BY object COLLATE "C";
SELECT count(*) AS left_behind FROM sign_it.listed;
DROP SCHEMA sign_it CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP ROLE regress_sign_api, regress_sign_user, regress_sign_anon;
