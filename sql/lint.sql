-- Every rule that reads policies, functions or catalogs: the flaw, and beside it the harmless twin that looks like it.
-- What is named twin_... must be raised by no rule at all; the last part asks for that, and for the six claims that
-- public linters get wrong.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;

-- An API: a login role that inherits nothing and becomes one of two others.
CREATE ROLE regress_lint_anon;
CREATE ROLE regress_lint_user;
CREATE ROLE regress_lint_web LOGIN NOINHERIT;
GRANT regress_lint_anon, regress_lint_user TO regress_lint_web;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_lint_anon';

CREATE SCHEMA lint_it;
GRANT USAGE ON SCHEMA lint_it TO regress_lint_anon, regress_lint_user;
CREATE FUNCTION lint_it.jwt() RETURNS jsonb LANGUAGE sql STABLE
    RETURN nullif(current_setting('request.jwt.claims', true), '')::jsonb;
CREATE FUNCTION lint_it.uid() RETURNS text LANGUAGE sql STABLE RETURN lint_it.jwt() ->> 'sub';
CREATE FUNCTION lint_it.tenant() RETURNS text LANGUAGE sql STABLE RETURN lint_it.jwt() ->> 'tenant';

-- A table with row level security, for signed-in users and visitors, with one policy: the owner reads.
CREATE PROCEDURE lint_it.make(name text, columns text DEFAULT '', own boolean DEFAULT true) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE lint_it.%I (id int PRIMARY KEY, owner text%s)', name, columns);
    EXECUTE format('ALTER TABLE lint_it.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON lint_it.%I TO regress_lint_anon, regress_lint_user', name);
    IF own THEN
        EXECUTE format('CREATE POLICY own ON lint_it.%I USING (owner = (SELECT lint_it.uid()))', name);
    END IF;
END $$;

-- A body that nobody can read stops nothing.
SET check_function_bodies = off;
CREATE FUNCTION lint_it.torn() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'begin nonsense here; end';
CREATE FUNCTION lint_it.torn_sql() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'this is not sql';
RESET check_function_bodies;
SELECT level, object, message, detail FROM rlsproof.lint() WHERE object ~ 'lint_it';
DROP FUNCTION lint_it.torn(), lint_it.torn_sql();

-- What the catalog says by itself: rls_disabled, policies_disabled, restrictive_only, owner_view, exposed_partition.
CREATE TABLE lint_it.open_rows (id int);
CREATE TABLE lint_it.forgotten_rows (owner text);
CREATE POLICY own ON lint_it.forgotten_rows USING (owner = lint_it.uid());
GRANT SELECT ON lint_it.open_rows, lint_it.forgotten_rows TO regress_lint_anon;
CREATE TABLE lint_it.twin_open_rows (id int);
CALL lint_it.make('narrow_rows', '', false);
CREATE POLICY narrow ON lint_it.narrow_rows AS RESTRICTIVE USING (owner = (SELECT lint_it.uid()));
CALL lint_it.make('twin_narrow_rows');
CREATE POLICY narrow ON lint_it.twin_narrow_rows AS RESTRICTIVE USING (id > 0);
CALL lint_it.make('locked_rows', '', false);
CREATE POLICY no_access ON lint_it.locked_rows AS RESTRICTIVE USING (false);
CREATE VIEW lint_it.all_rows AS SELECT * FROM lint_it.twin_narrow_rows;
CREATE VIEW lint_it.twin_all_rows WITH (security_invoker) AS SELECT * FROM lint_it.twin_narrow_rows;
CREATE VIEW lint_it.twin_no_rows AS SELECT 1 AS id;
GRANT SELECT ON lint_it.all_rows, lint_it.twin_all_rows, lint_it.twin_no_rows TO regress_lint_anon;
CREATE TABLE lint_it.events (id int) PARTITION BY LIST (id);
CREATE TABLE lint_it.events_1 PARTITION OF lint_it.events FOR VALUES IN (1);
CREATE TABLE lint_it.twin_events_2 PARTITION OF lint_it.events FOR VALUES IN (2);
ALTER TABLE lint_it.events ENABLE ROW LEVEL SECURITY;
ALTER TABLE lint_it.twin_events_2 ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON lint_it.events, lint_it.events_1, lint_it.twin_events_2 TO regress_lint_anon;
SELECT rule, level, object, message FROM rlsproof.lint() WHERE object ~ 'lint_it';

-- forgeable_claim: policies.
CALL lint_it.make('by_claim');
CREATE POLICY staff ON lint_it.by_claim USING (((lint_it.jwt() -> 'user_metadata') ->> 'role') = 'staff');
CALL lint_it.make('by_path');
CREATE POLICY staff ON lint_it.by_path USING ((lint_it.jwt() #>> '{user_metadata,role}') = 'staff');
CREATE FUNCTION lint_it.is_staff() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE claims jsonb := lint_it.jwt();
BEGIN
    RETURN claims -> 'user_metadata' ->> 'role' = 'staff';
END $$;
CALL lint_it.make('by_helper');
CREATE POLICY staff ON lint_it.by_helper USING ((SELECT lint_it.is_staff()));
CALL lint_it.make('twin_by_claim');
CREATE POLICY staff ON lint_it.twin_by_claim USING (((lint_it.jwt() -> 'app_metadata') ->> 'role') = 'staff');
CALL lint_it.make('twin_by_word', ', kind text');
CREATE POLICY kind ON lint_it.twin_by_word USING (kind = 'user_metadata' AND owner = lint_it.uid());
CALL lint_it.make('twin_by_column', ', kept jsonb');
CREATE POLICY kept ON lint_it.twin_by_column USING (kept -> 'user_metadata' ->> 'owner' = lint_it.uid());
CREATE FUNCTION lint_it.claims() RETURNS jsonb LANGUAGE sql STABLE RETURN lint_it.jwt();
CREATE VIEW lint_it.staff_view AS SELECT 1 AS id WHERE lint_it.claims() -> 'user_metadata' ->> 'role' = 'staff';
-- Sign-up triggers.
CREATE TABLE lint_it.accounts (id text PRIMARY KEY, raw_user_meta_data jsonb);
CALL lint_it.make('profiles', ', display_name text, role text');
CREATE FUNCTION lint_it.copy_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lint_it.profiles (owner, display_name, role)
    VALUES (new.id, new.raw_user_meta_data ->> 'name', coalesce(new.raw_user_meta_data ->> 'role', 'user'));
    RETURN new;
END $$;
CREATE FUNCTION lint_it.twin_copy_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lint_it.profiles (owner, display_name, role)
    VALUES (new.id, new.raw_user_meta_data ->> 'name',
            CASE new.raw_user_meta_data ->> 'kind' WHEN 'shop' THEN 'seller' ELSE 'buyer' END);
    RETURN new;
END $$;
-- What is sent decides whether a row is put in, and a constant is what goes in; a variable of the column's name is another thing.
CREATE FUNCTION lint_it.twin_copy_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.raw_user_meta_data ->> 'role' IS NOT NULL THEN
        RETURN new;
    END IF;
    INSERT INTO lint_it.profiles (owner, display_name, role) VALUES (new.id, new.raw_user_meta_data ->> 'name', 'user');
    RETURN new;
END $$;
CREATE FUNCTION lint_it.copy_variable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted text := new.raw_user_meta_data ->> 'role';
BEGIN
    INSERT INTO lint_it.profiles (owner, role) VALUES (new.id, coalesce(wanted, 'user'));
    RETURN new;
END $$;
-- A table that is joined, or of which all is shown to nobody, decides by the columns that are compared.
CALL lint_it.make('joined', ', nick text, team int, crew int');
CALL lint_it.make('twin_by_join', ', team int');
CREATE TABLE lint_it.teams (id int PRIMARY KEY, crew int);
ALTER TABLE lint_it.teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY joined ON lint_it.twin_by_join USING (EXISTS (SELECT 1 FROM lint_it.joined j JOIN lint_it.teams t ON t.id = j.team
    WHERE j.owner = lint_it.uid() AND t.id = twin_by_join.team));
CREATE POLICY shown ON lint_it.twin_by_join FOR SELECT USING (EXISTS (SELECT * FROM lint_it.joined j WHERE j.owner = lint_it.uid() AND j.team = twin_by_join.team));
CREATE POLICY merged ON lint_it.twin_by_join FOR DELETE USING (EXISTS (SELECT * FROM lint_it.joined j JOIN lint_it.teams t USING (crew)
    WHERE j.owner = lint_it.uid() AND crew = 7));
CREATE FUNCTION lint_it.twin_copy_nick() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lint_it.joined (owner, nick) VALUES (new.id, new.raw_user_meta_data ->> 'nick');
    RETURN new;
END $$;
CREATE FUNCTION lint_it.copy_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lint_it.joined (owner, team, crew)
    VALUES (new.id, (new.raw_user_meta_data ->> 'team')::int, (new.raw_user_meta_data ->> 'crew')::int);
    RETURN new;
END $$;
CREATE TRIGGER c AFTER INSERT ON lint_it.accounts FOR EACH ROW EXECUTE FUNCTION lint_it.twin_copy_nothing();
CREATE TRIGGER d AFTER INSERT ON lint_it.accounts FOR EACH ROW EXECUTE FUNCTION lint_it.copy_variable();
CREATE TRIGGER e AFTER INSERT ON lint_it.accounts FOR EACH ROW EXECUTE FUNCTION lint_it.twin_copy_nick();
CREATE TRIGGER f AFTER INSERT ON lint_it.accounts FOR EACH ROW EXECUTE FUNCTION lint_it.copy_joined();
CREATE TRIGGER a AFTER INSERT ON lint_it.accounts FOR EACH ROW EXECUTE FUNCTION lint_it.copy_role();
CREATE TRIGGER b AFTER INSERT ON lint_it.accounts FOR EACH ROW EXECUTE FUNCTION lint_it.twin_copy_name();
-- Functions that make their caller somebody.
CALL lint_it.make('by_setting', ', tenant text');
CREATE POLICY tenant ON lint_it.by_setting USING (tenant = (SELECT current_setting('lint.tenant', true)));
CREATE FUNCTION lint_it.become(person text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.jwt.claims', json_build_object('sub', person)::text, true);
END $$;
CREATE FUNCTION lint_it.use_tenant(tenant text) RETURNS text LANGUAGE sql RETURN set_config('lint.tenant', tenant, true);
CREATE FUNCTION lint_it.twin_use_tenant(wanted text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF wanted IS DISTINCT FROM lint_it.tenant() THEN
        RAISE EXCEPTION 'not yours';
    END IF;
    PERFORM set_config('lint.tenant', wanted, true);
END $$;
CREATE FUNCTION lint_it.twin_use_theme(theme text) RETURNS text LANGUAGE sql RETURN set_config('lint.theme', theme, true);
-- Whose rows are shown is a header's to say, or a cookie's; and where it chooses among what is one's own, is a word that
-- one has to be told, narrows what others let through, or is only written down.
CREATE TABLE lint_it.shops (id int PRIMARY KEY, slug text UNIQUE);
CREATE TABLE lint_it.staff (shop int REFERENCES lint_it.shops, person text);
CREATE TABLE lint_it.carts (id uuid PRIMARY KEY);
GRANT SELECT ON lint_it.shops, lint_it.staff TO regress_lint_anon, regress_lint_user;
CREATE FUNCTION lint_it.header(name text) RETURNS text LANGUAGE sql STABLE RETURN current_setting('request.headers', true)::json ->> name;
CREATE FUNCTION lint_it.own_shop() RETURNS int LANGUAGE sql STABLE
    RETURN (SELECT shop FROM lint_it.staff WHERE person = lint_it.uid() AND shop = lint_it.header('x-shop')::int);
SELECT format('CALL lint_it.make(%L, %L)', name, ', shop int REFERENCES lint_it.shops, cart_session uuid REFERENCES lint_it.carts, ip text')
FROM unnest(ARRAY['by_header', 'by_header_helper', 'by_header_slug', 'by_header_or_own', 'by_header_signed_in', 'by_cookie',
    'twin_by_header_own', 'twin_by_header_member', 'twin_by_header_staff', 'twin_by_header_word', 'twin_by_header_narrowed',
    'twin_by_header_logged', 'twin_by_header_constant']) name \gexec
CREATE POLICY p ON lint_it.by_header USING (shop = (current_setting('request.headers')::json ->> 'x-shop')::int);
CREATE POLICY p ON lint_it.by_header_helper FOR SELECT USING (shop = (SELECT lint_it.header('x-shop'))::int);
CREATE POLICY q ON lint_it.by_header_helper FOR INSERT WITH CHECK (shop = lint_it.header('x-shop')::int);
CREATE POLICY p ON lint_it.by_header_slug USING (EXISTS (SELECT FROM lint_it.shops s WHERE s.id = shop AND s.slug = lint_it.header('x-shop')));
CREATE POLICY p ON lint_it.by_header_or_own USING (owner = lint_it.uid() OR shop = lint_it.header('x-shop')::int);
CREATE POLICY p ON lint_it.by_header_signed_in USING (lint_it.uid() IS NOT NULL AND shop = lint_it.header('x-shop')::int);
CREATE POLICY p ON lint_it.by_cookie USING (shop = (current_setting('request.cookies', true)::json ->> 'shop')::int);
CREATE POLICY p ON lint_it.twin_by_header_own USING (owner = lint_it.uid() AND shop = lint_it.header('x-shop')::int);
CREATE POLICY p ON lint_it.twin_by_header_member USING (shop = lint_it.header('x-shop')::int
    AND EXISTS (SELECT FROM lint_it.staff s WHERE s.person = lint_it.uid() AND s.shop = lint_it.header('x-shop')::int));
CREATE POLICY p ON lint_it.twin_by_header_staff USING (shop = (SELECT lint_it.own_shop()));
CREATE POLICY p ON lint_it.twin_by_header_word USING (cart_session = lint_it.header('x-cart')::uuid);
CREATE POLICY p ON lint_it.twin_by_header_narrowed USING (owner = lint_it.uid());
CREATE POLICY q ON lint_it.twin_by_header_narrowed AS RESTRICTIVE USING (shop = lint_it.header('x-shop')::int);
CREATE POLICY p ON lint_it.twin_by_header_logged FOR INSERT WITH CHECK (owner = lint_it.uid() AND ip = lint_it.header('x-forwarded-for'));
CREATE POLICY p ON lint_it.twin_by_header_constant USING (lint_it.header('x-api-key') = 'd1f8a0c2');
SELECT level, object, message FROM rlsproof.lint('forgeable_claim') WHERE object ~ 'lint_it';
SELECT DISTINCT message FROM rlsproof.audit() WHERE object ~ 'by_header|by_cookie' AND rule = 'broken';

-- definer_function and definer_identity
CALL lint_it.make('orders', ', status text');
CREATE FUNCTION lint_it.orders_of(person text) RETURNS SETOF lint_it.orders LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = '' AS $$ SELECT * FROM lint_it.orders WHERE owner = person $$;
CREATE FUNCTION lint_it.order_as(person text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO lint_it.orders (id, owner) VALUES (1, person);
END $$;
CREATE FUNCTION lint_it.has_ordered(person text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = '' AS $$ SELECT EXISTS (SELECT FROM lint_it.orders WHERE owner = person) $$;
CREATE FUNCTION lint_it.twin_orders_of(person text) RETURNS SETOF lint_it.orders LANGUAGE sql STABLE
    AS $$ SELECT * FROM lint_it.orders WHERE owner = person $$;
CREATE FUNCTION lint_it.twin_my_orders() RETURNS SETOF lint_it.orders LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = '' AS $$ SELECT * FROM lint_it.orders WHERE owner = lint_it.uid() $$;
CREATE FUNCTION lint_it.twin_checked_orders_of(person text) RETURNS SETOF lint_it.orders LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = ''
    AS $$ SELECT * FROM lint_it.orders WHERE owner = person AND person = lint_it.uid() $$;
-- Who is calling is what it takes for an argument that is left out; said by its caller it would be anybody.
CREATE FUNCTION lint_it.is_known(first int DEFAULT 0, who text DEFAULT lint_it.uid()) RETURNS boolean LANGUAGE sql STABLE
    AS $$ SELECT first = 0 AND who <> '' $$;
CREATE FUNCTION lint_it.twin_orders_if_known(person text) RETURNS SETOF lint_it.orders LANGUAGE plpgsql STABLE
    SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF NOT lint_it.is_known(0) THEN RAISE EXCEPTION 'who are you?'; END IF;
    RETURN QUERY SELECT * FROM lint_it.orders WHERE owner = person;
END $$;
CREATE FUNCTION lint_it.orders_if_known(person text) RETURNS SETOF lint_it.orders LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = '' AS $$ SELECT * FROM lint_it.orders WHERE owner = person AND lint_it.is_known(0, person) $$;
CREATE FUNCTION lint_it.twin_orders_by_status(wanted text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = '' AS $$ SELECT count(*) FROM lint_it.orders WHERE status = wanted $$;
REVOKE EXECUTE ON FUNCTION lint_it.twin_orders_by_status(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lint_it.twin_orders_by_status(text) TO regress_lint_user;
SELECT level, object, message, fix FROM rlsproof.lint('definer_function') WHERE object ~ 'lint_it';
SELECT level, object, message, fix FROM rlsproof.lint('definer_identity') WHERE object ~ 'lint_it';

-- uncorrelated_subquery
CALL lint_it.make('members', ', team int');
CREATE TABLE lint_it.switches (open boolean);
GRANT SELECT ON lint_it.switches TO regress_lint_anon, regress_lint_user;
CALL lint_it.make('blocks');
CALL lint_it.make('docs', ', team int');
CREATE POLICY team ON lint_it.docs FOR SELECT
    USING (EXISTS (SELECT FROM lint_it.members m WHERE m.owner = lint_it.uid() AND m.team = team));
CALL lint_it.make('sheets');
CREATE POLICY open ON lint_it.sheets FOR SELECT USING (EXISTS (SELECT FROM lint_it.switches WHERE open));
CALL lint_it.make('twin_docs', ', team int');
CREATE POLICY team ON lint_it.twin_docs FOR SELECT
    USING (EXISTS (SELECT FROM lint_it.members m WHERE m.owner = lint_it.uid() AND m.team = twin_docs.team));
CALL lint_it.make('twin_sheets');
CREATE POLICY open ON lint_it.twin_sheets FOR SELECT
    USING (EXISTS (SELECT FROM lint_it.switches WHERE open) AND owner = (SELECT lint_it.uid()));
CALL lint_it.make('twin_team_sheets');
CREATE POLICY open ON lint_it.twin_team_sheets FOR SELECT
    USING (EXISTS (SELECT FROM lint_it.switches, lint_it.members WHERE open));
CALL lint_it.make('papers', ', team int');
CREATE POLICY team ON lint_it.papers FOR SELECT USING (team IN (SELECT team FROM lint_it.blocks b WHERE b.owner = lint_it.uid()));
CALL lint_it.make('letters', ', team int');
CREATE POLICY team ON lint_it.letters FOR SELECT USING ((SELECT team FROM lint_it.blocks b WHERE b.owner = lint_it.uid()) = team);
CALL lint_it.make('twin_papers', ', team int');
CREATE POLICY team ON lint_it.twin_papers FOR SELECT USING (team IN (SELECT team FROM lint_it.members m WHERE m.owner = lint_it.uid())
    AND team = (SELECT m.team FROM lint_it.members m WHERE m.team = twin_papers.team LIMIT 1));
SELECT level, object, message, hint FROM rlsproof.lint('uncorrelated_subquery') WHERE object ~ 'lint_it';

-- permissive_ban
CALL lint_it.make('blocked');
CREATE FUNCTION lint_it.is_blocked() RETURNS boolean LANGUAGE sql STABLE
    RETURN EXISTS (SELECT FROM lint_it.blocked b WHERE b.owner = lint_it.uid());
CALL lint_it.make('messages');
CREATE POLICY "Blocked people cannot write" ON lint_it.messages FOR INSERT TO regress_lint_user
    WITH CHECK (NOT lint_it.is_blocked());
CALL lint_it.make('twin_messages');
CREATE POLICY "Blocked people cannot write" ON lint_it.twin_messages AS RESTRICTIVE FOR INSERT TO regress_lint_user
    WITH CHECK (NOT lint_it.is_blocked());
CALL lint_it.make('twin_posts', ', hidden boolean');
CREATE POLICY "Posts that are not hidden" ON lint_it.twin_posts FOR SELECT USING (NOT hidden);
CALL lint_it.make('twin_signed_in');
CREATE POLICY "For members" ON lint_it.twin_signed_in FOR SELECT USING (lint_it.jwt() ->> 'role' <> 'anon');
SELECT level, object, message, fix FROM rlsproof.lint('permissive_ban') WHERE object ~ 'lint_it';

-- default_privileges: a schema in which the creator makes tables, and one in which it does not.
CREATE SCHEMA lint_it_defaults;
CREATE SCHEMA lint_it_twin_defaults;
CREATE ROLE regress_lint_maker;
GRANT USAGE ON SCHEMA lint_it_defaults, lint_it_twin_defaults TO regress_lint_anon, regress_lint_user;
GRANT CREATE ON SCHEMA lint_it_defaults, lint_it_twin_defaults TO regress_lint_maker;
CREATE TABLE lint_it_defaults.first (id int);
CREATE TABLE lint_it_twin_defaults.first (id int);
ALTER TABLE lint_it_defaults.first OWNER TO regress_lint_maker;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_lint_maker IN SCHEMA lint_it_defaults GRANT SELECT, INSERT ON TABLES TO regress_lint_anon;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_lint_maker IN SCHEMA lint_it_twin_defaults GRANT ALL ON TABLES TO regress_lint_anon;
SELECT level, object, message, fix FROM rlsproof.lint('default_privileges') WHERE object ~ 'lint_it';

-- exposed_matview
CALL lint_it.make('twin_prices', ', price int', false);
CREATE POLICY everybody ON lint_it.twin_prices FOR SELECT USING (true);
CREATE VIEW lint_it.order_list AS SELECT * FROM lint_it.orders;
CREATE MATERIALIZED VIEW lint_it.order_counts AS SELECT owner, count(*) FROM lint_it.order_list GROUP BY owner;
CREATE MATERIALIZED VIEW lint_it.twin_price_counts AS SELECT price, count(*) FROM lint_it.twin_prices GROUP BY price;
CREATE MATERIALIZED VIEW lint_it.twin_own_counts AS SELECT count(*) FROM lint_it.orders;
GRANT SELECT ON lint_it.order_counts, lint_it.twin_price_counts TO regress_lint_anon, regress_lint_user;
SELECT level, object, message, fix FROM rlsproof.lint('exposed_matview') WHERE object ~ 'lint_it';

-- published_unprotected: a broadcasting service's publication, and one for replicas.
CREATE TABLE lint_it.rates (id int);
CREATE TABLE lint_it.replicated_rates (id int);
GRANT SELECT ON lint_it.rates, lint_it.replicated_rates TO regress_lint_anon;
CREATE PUBLICATION lint_it_realtime FOR TABLE lint_it.rates, lint_it.twin_prices;
CREATE PUBLICATION lint_it_replicas FOR TABLE lint_it.replicated_rates;
SELECT level, object, message, fix FROM rlsproof.lint('published_unprotected') WHERE object ~ 'lint_it';

-- search_path_mutable
CREATE TABLE public.lint_it_payouts (id int, owner text);
CREATE FUNCTION lint_it.pay_out() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT count(*) FROM lint_it_payouts WHERE owner = lint_it.uid() $$;
CREATE FUNCTION lint_it.twin_pay_out_pinned() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$ SELECT count(*) FROM lint_it_payouts WHERE owner = lint_it.uid() $$;
CREATE FUNCTION lint_it.twin_pay_out_qualified() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    AS $$ SELECT count(*) FROM public.lint_it_payouts WHERE owner = lint_it.uid() $$;
CREATE FUNCTION lint_it.twin_pay_out_invoker() RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT count(*) FROM lint_it_payouts WHERE owner = lint_it.uid() $$;
SELECT level, object, message, fix FROM rlsproof.lint('search_path_mutable') WHERE object ~ 'lint_it';

-- immutable_session
CREATE FUNCTION lint_it.fixed_tenant() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lint_it.tenant() $$;
CREATE FUNCTION lint_it.fixed_open() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM lint_it.switches WHERE open);
END $$;
CREATE FUNCTION lint_it.twin_folded(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(trim(name)) $$;
CREATE FUNCTION lint_it.twin_unused_tenant() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lint_it.tenant() $$;
CALL lint_it.make('rooms', ', tenant text');
CREATE POLICY tenant ON lint_it.rooms USING (tenant = lint_it.fixed_tenant());
CREATE VIEW lint_it.open_rooms WITH (security_invoker) AS SELECT * FROM lint_it.rooms WHERE lint_it.fixed_open();
CALL lint_it.make('twin_rooms', ', tenant text');
CREATE POLICY tenant ON lint_it.twin_rooms
    USING (lint_it.twin_folded(tenant) = (SELECT lint_it.twin_folded(lint_it.tenant())));
SELECT level, object, message, detail, fix FROM rlsproof.lint('immutable_session') WHERE object ~ 'lint_it';

-- null_tenant
CALL lint_it.make('notes', ', tenant text');
CREATE POLICY tenant ON lint_it.notes FOR SELECT USING (tenant IS NOT DISTINCT FROM lint_it.tenant());
CALL lint_it.make('twin_notes', ', tenant text NOT NULL');
CREATE POLICY tenant ON lint_it.twin_notes FOR SELECT USING (tenant IS NOT DISTINCT FROM lint_it.tenant());
CALL lint_it.make('twin_said_notes', ', tenant text');
CREATE POLICY tenant ON lint_it.twin_said_notes FOR SELECT USING (tenant IS NULL OR tenant = lint_it.tenant());
CALL lint_it.make('twin_kept_notes', ', tenant text');
CREATE POLICY tenant ON lint_it.twin_kept_notes FOR SELECT
    USING (tenant IS NOT NULL AND tenant IS NOT DISTINCT FROM lint_it.tenant());
SELECT level, object, message FROM rlsproof.lint('null_tenant') WHERE object ~ 'lint_it';

-- storage_listing
CREATE SCHEMA storage;
CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean);
CREATE TABLE storage.objects (id int PRIMARY KEY, bucket_id text, name text, owner_id text);
INSERT INTO storage.buckets VALUES ('lint_it.logos', true), ('lint_it.passports', false), ('lint_it.twin_files', false);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA storage TO regress_lint_anon, regress_lint_user;
GRANT SELECT ON storage.objects TO regress_lint_anon, regress_lint_user;
CREATE POLICY logos ON storage.objects FOR SELECT USING (bucket_id = 'lint_it.logos');
CREATE POLICY passports ON storage.objects FOR SELECT TO regress_lint_user
    USING (bucket_id = 'lint_it.passports' AND lint_it.uid() IS NOT NULL);
CREATE POLICY files ON storage.objects FOR SELECT USING (bucket_id = 'lint_it.twin_files' AND owner_id = lint_it.uid());
CREATE POLICY staff ON storage.objects FOR SELECT
    USING (bucket_id = 'lint_it.twin_files' AND ((lint_it.jwt() -> 'app_metadata') ->> 'role') = 'staff');
SELECT level, object, message, evidence FROM rlsproof.lint('storage_listing') WHERE object ~ 'lint_it';

-- update_without_select
CALL lint_it.make('settings', '', false);
CREATE POLICY own ON lint_it.settings FOR UPDATE TO regress_lint_user USING (owner = (SELECT lint_it.uid()));
CALL lint_it.make('twin_settings', '', false);
CREATE POLICY own ON lint_it.twin_settings FOR UPDATE TO regress_lint_user USING (owner = (SELECT lint_it.uid()));
CREATE POLICY see ON lint_it.twin_settings FOR SELECT TO regress_lint_user USING (owner = (SELECT lint_it.uid()));
CALL lint_it.make('twin_votes', '', false);
REVOKE SELECT ON lint_it.twin_votes FROM regress_lint_anon, regress_lint_user;
CREATE POLICY own ON lint_it.twin_votes FOR UPDATE TO regress_lint_user USING (owner = (SELECT lint_it.uid()));
SELECT level, object, message FROM rlsproof.lint('update_without_select') WHERE object ~ 'lint_it';

-- unindexed_policy_column and per_row_function: 20,000 rows that nobody analyzed, and a few.
CALL lint_it.make('visits', '', false);
CREATE POLICY own ON lint_it.visits FOR SELECT USING (owner = lint_it.uid());
CALL lint_it.make('twin_visits');
CREATE INDEX ON lint_it.twin_visits (owner, id);
CALL lint_it.make('twin_cast_visits', ', person int', false);
CREATE POLICY own ON lint_it.twin_cast_visits FOR SELECT USING (person::text = (SELECT lint_it.uid()));
CREATE INDEX ON lint_it.twin_cast_visits ((person::text));
CALL lint_it.make('twin_shared_visits', ', shared boolean', false);
CREATE POLICY own ON lint_it.twin_shared_visits FOR SELECT USING (shared OR owner = (SELECT lint_it.uid()));
CALL lint_it.make('twin_few_visits', '', false);
CREATE POLICY own ON lint_it.twin_few_visits FOR SELECT USING (owner = lint_it.uid());
INSERT INTO lint_it.visits SELECT i, i % 1000 FROM generate_series(1, 20000) i;
INSERT INTO lint_it.twin_visits SELECT i, i % 1000 FROM generate_series(1, 20000) i;
INSERT INTO lint_it.twin_cast_visits SELECT i, i % 1000, i FROM generate_series(1, 20000) i;
INSERT INTO lint_it.twin_shared_visits SELECT i, i % 1000, false FROM generate_series(1, 20000) i;
INSERT INTO lint_it.twin_few_visits SELECT i, i FROM generate_series(1, 10) i;
SELECT level, object, message, fix FROM rlsproof.lint('unindexed_policy_column') WHERE object ~ 'lint_it';
SELECT level, object, message, detail FROM rlsproof.lint('per_row_function') WHERE object ~ 'lint_it';

-- truncate_granted: each table by itself, and a whole schema in one finding.
CALL lint_it.make('emptied');
GRANT TRUNCATE, TRIGGER ON lint_it.emptied TO regress_lint_anon;
CREATE SCHEMA lint_it_all;
GRANT USAGE ON SCHEMA lint_it_all TO regress_lint_user;
SELECT format('CREATE TABLE lint_it_all.t%s (id int)', i) FROM generate_series(1, 6) i \gexec
SELECT format('ALTER TABLE lint_it_all.t%s ENABLE ROW LEVEL SECURITY', i) FROM generate_series(1, 6) i \gexec
GRANT TRUNCATE ON ALL TABLES IN SCHEMA lint_it_all TO regress_lint_user;
SELECT level, object, message FROM rlsproof.lint('truncate_granted') WHERE object ~ 'lint_it';
SELECT fix FROM rlsproof.lint('truncate_granted', 'schema:lint_it_all');

-- late_tenant_column: what lies before the tenant, of tables that are not known to be small.
CREATE TABLE lint_it.late (id int NOT NULL, title text, "Body" text, seen int, org int NOT NULL);
CREATE TABLE lint_it.late_number (id int NOT NULL, seen int, org int NOT NULL);
CREATE TABLE lint_it.late_dropped (gone int NOT NULL, id int NOT NULL, org int NOT NULL);
ALTER TABLE lint_it.late_dropped DROP COLUMN gone;
CREATE TABLE lint_it.late_path (title text, late_id int NOT NULL);
CREATE TABLE lint_it.late_parts (title text, org int NOT NULL) PARTITION BY LIST (org);
CREATE TABLE lint_it.twin_late_part PARTITION OF lint_it.late_parts FOR VALUES IN (1);
CREATE TABLE lint_it.late_attached (org int NOT NULL, title text, "more" text, org_2 int);
ALTER TABLE lint_it.late_attached DROP COLUMN org, DROP COLUMN "more", DROP COLUMN org_2, ADD org int NOT NULL;
ALTER TABLE lint_it.late_parts ATTACH PARTITION lint_it.late_attached FOR VALUES IN (2);
CREATE TABLE lint_it.twin_early (id int NOT NULL, org int, title text, seen int);
CREATE TABLE lint_it.twin_late_small (title text, org int);
CREATE TABLE lint_it.twin_late_full (id int NOT NULL, seen int, org int NOT NULL);
CREATE TABLE lint_it.twin_late_nobody (title text, org int);
CREATE TABLE lint_it.twin_late_undeclared (title text, org_id int);
CREATE MATERIALIZED VIEW lint_it.twin_late_copy AS SELECT title, org FROM lint_it.late;
ALTER TABLE lint_it.late ADD PRIMARY KEY (id);
INSERT INTO lint_it.twin_late_small VALUES ('a', 1);
INSERT INTO lint_it.twin_late_full SELECT i, i, 1 FROM generate_series(1, 20000) i;
INSERT INTO lint_it.late SELECT i, repeat('a', 100), 'b', i, 1 FROM generate_series(1, 20000) i;
ANALYZE lint_it.late, lint_it.twin_late_small, lint_it.twin_late_full;
SELECT count(*) AS undeclared FROM rlsproof.lint('late_tenant_column') WHERE object ~ 'lint_it';
SELECT rlsproof.tenancy('lint_it.*', 'org'), rlsproof.tenancy('lint_it.twin_late_nobody', 'none'),
    rlsproof.tenancy('lint_it.late_path', 'late_id -> lint_it.late.org');
SELECT level, category, object, message FROM rlsproof.lint('late_tenant_column') WHERE object ~ 'lint_it';
SELECT detail, hint FROM rlsproof.lint('late_tenant_column', 'lint_it.late');
SELECT detail, hint FROM rlsproof.lint('late_tenant_column', 'lint_it.late_number');
-- Large or small is what it is for the guard.
SET rlsproof.small_table = '100MB';
SELECT object FROM rlsproof.lint('late_tenant_column') WHERE object = 'lint_it.late';
SET rlsproof.small_table = 0;
SELECT object FROM rlsproof.lint('late_tenant_column') WHERE object = 'lint_it.twin_late_small';
RESET rlsproof.small_table;

-- No rule says a word about a twin.
SELECT rule, object, message FROM rlsproof.lint() WHERE object ~ 'twin';

-- The fixes mend what was found: run them, and those rules have nothing left to say.
CREATE TEMPORARY TABLE mending AS
    SELECT rule, object, fix FROM rlsproof.lint()
    WHERE object ~ 'lint_it' AND fix IS NOT NULL AND rule IN ('definer_identity', 'default_privileges', 'exposed_matview',
        'immutable_session', 'permissive_ban', 'published_unprotected', 'search_path_mutable', 'truncate_granted',
        'unindexed_policy_column');
SELECT rule, count(*) FROM mending GROUP BY rule ORDER BY rule COLLATE "C";
SELECT fix FROM mending ORDER BY rule COLLATE "C", object COLLATE "C" \gexec
SELECT lint_it.pay_out();
SELECT f.rule, f.object FROM rlsproof.lint() f JOIN (SELECT DISTINCT rule FROM mending) m USING (rule) WHERE f.object ~ 'lint_it';

-- Six claims of public linters that are not so. Each is shown by running it, and no rule makes it.
CREATE SCHEMA lint_claims;
CREATE ROLE regress_lint_team;
CREATE ROLE regress_lint_loner NOINHERIT;
GRANT regress_lint_team TO regress_lint_loner;
GRANT USAGE ON SCHEMA lint_claims TO regress_lint_user, regress_lint_loner;
INSERT INTO rlsproof.personas (name, role) VALUES ('lint_loner', 'regress_lint_loner');
SET request.jwt.claims = '{"sub": "ann"}';

-- 1. "A permissive policy without an expression allows everything": it lets nothing through.
CREATE TABLE lint_claims.favourites (owner text);
INSERT INTO lint_claims.favourites VALUES ('bob');
ALTER TABLE lint_claims.favourites ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON lint_claims.favourites TO regress_lint_user;
CREATE POLICY own ON lint_claims.favourites FOR SELECT USING (owner = (SELECT lint_it.uid()));
CREATE POLICY import ON lint_claims.favourites FOR INSERT;
CREATE POLICY reorder ON lint_claims.favourites FOR UPDATE WITH CHECK (true);
CREATE POLICY clear ON lint_claims.favourites FOR DELETE;
\set VERBOSITY terse
SET ROLE regress_lint_user;
INSERT INTO lint_claims.favourites VALUES ('ann');
UPDATE lint_claims.favourites SET owner = 'ann' RETURNING 'changed';
DELETE FROM lint_claims.favourites RETURNING 'deleted';
RESET ROLE;
SELECT count(*) AS still_there FROM lint_claims.favourites;
CREATE TABLE lint_claims.closed (owner text);
ALTER TABLE lint_claims.closed ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON lint_claims.closed TO regress_lint_user;
CREATE POLICY reorder ON lint_claims.closed FOR UPDATE WITH CHECK (true);

-- 2. "FOR ALL with USING alone leaves writes open": USING is the check as well.
CREATE TABLE lint_claims.contacts (owner text);
ALTER TABLE lint_claims.contacts ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON lint_claims.contacts TO regress_lint_user;
CREATE POLICY own ON lint_claims.contacts USING (owner = (SELECT lint_it.uid()));
SET ROLE regress_lint_user;
INSERT INTO lint_claims.contacts VALUES ('bob');
INSERT INTO lint_claims.contacts VALUES ('ann');
UPDATE lint_claims.contacts SET owner = 'bob';
RESET ROLE;

-- 3. "A trigger runs as the table's owner": it runs as whoever writes.
CREATE TABLE lint_claims.log (owner text, ran_as text);
ALTER TABLE lint_claims.log ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON lint_claims.log TO regress_lint_user;
CREATE POLICY own ON lint_claims.log USING (owner = (SELECT lint_it.uid()));
CREATE FUNCTION lint_claims.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.ran_as := current_user;
    RETURN new;
END $$;
CREATE TRIGGER stamp BEFORE INSERT ON lint_claims.log FOR EACH ROW EXECUTE FUNCTION lint_claims.stamp();
SET ROLE regress_lint_user;
INSERT INTO lint_claims.log VALUES ('ann') RETURNING ran_as;
RESET ROLE;

-- 4. "Without security_barrier a leaky function sees hidden rows": row level security is asked first.
CREATE VIEW lint_claims.contact_list WITH (security_invoker) AS SELECT owner FROM lint_claims.contacts;
GRANT SELECT ON lint_claims.contact_list TO regress_lint_user;
INSERT INTO lint_claims.contacts VALUES ('bob');
CREATE FUNCTION lint_claims.leak(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
    RAISE INFO 'seen: %', value;
    RETURN true;
END $$;
SET ROLE regress_lint_user;
SELECT count(*) FROM lint_claims.contact_list WHERE lint_claims.leak(owner);
RESET ROLE;

-- 5. "Dropping a policy's column leaves the policy dangling": it is refused, and a new name is followed.
ALTER TABLE lint_claims.contacts DROP COLUMN owner;
ALTER TABLE lint_claims.contacts RENAME owner TO person;
SELECT qual FROM pg_policies WHERE schemaname = 'lint_claims' AND tablename = 'contacts';

-- 6. "A policy TO a group binds every member": only those who inherit from it.
CREATE TABLE lint_claims.team_rows (id int);
INSERT INTO lint_claims.team_rows VALUES (1);
ALTER TABLE lint_claims.team_rows ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON lint_claims.team_rows TO regress_lint_team, regress_lint_loner;
CREATE POLICY edit ON lint_claims.team_rows FOR UPDATE TO regress_lint_team USING (true);
SET ROLE regress_lint_loner;
UPDATE lint_claims.team_rows SET id = 2 RETURNING 'changed';
RESET ROLE;

SELECT rule, object, message FROM rlsproof.lint() WHERE object ~ 'lint_claims';

-- A rule that does not exist.
SELECT * FROM rlsproof.lint('no_such_rule');

RESET request.jwt.claims;
DELETE FROM rlsproof.personas WHERE name = 'lint_loner';
DELETE FROM rlsproof.tenancies WHERE relation ~ 'lint_it';
DROP SCHEMA lint_it, lint_it_defaults, lint_it_twin_defaults, lint_it_all, lint_claims, storage CASCADE;
DROP TABLE public.lint_it_payouts;
DROP PUBLICATION lint_it_realtime;
DROP PUBLICATION lint_it_replicas;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP OWNED BY regress_lint_maker;
DROP ROLE regress_lint_web, regress_lint_anon, regress_lint_user, regress_lint_maker, regress_lint_loner, regress_lint_team;
