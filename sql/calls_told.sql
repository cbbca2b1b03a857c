-- A function that asks for a word which is told to some, as the link to sign by, gives what it gives to whoever was told.
-- Words that are shown, short, known by other means, or that open nothing by themselves are no such right.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_told_api LOGIN NOINHERIT;
CREATE ROLE anon;
CREATE ROLE authenticated;
GRANT anon, authenticated TO regress_told_api;
CREATE SCHEMA told;
GRANT USAGE ON SCHEMA told TO anon, authenticated;
SET search_path = told, public;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE people (id uuid PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE leases (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL REFERENCES people, slug text UNIQUE, body text);
CREATE TABLE links (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), lease uuid NOT NULL REFERENCES leases, token_hash text NOT NULL UNIQUE,
    share_token uuid NOT NULL DEFAULT gen_random_uuid(), secret text NOT NULL DEFAULT md5(random()::text), loose_token_hash text, base_token text, loose_hash text, code_hash text,
    code text NOT NULL DEFAULT gen_random_uuid()::text, short_code text NOT NULL UNIQUE DEFAULT substr(gen_random_uuid()::text, 1, 6),
    pin_token varchar(6) UNIQUE, shape_token text UNIQUE CHECK (shape_token ~ '^[0-9]{6}$'), file_hash text UNIQUE);
CREATE TABLE shown (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), lease uuid NOT NULL REFERENCES leases, token text NOT NULL);
CREATE TABLE seen (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), lease uuid NOT NULL REFERENCES leases, token text NOT NULL UNIQUE);
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
ALTER TABLE leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE links ENABLE ROW LEVEL SECURITY;
ALTER TABLE shown ENABLE ROW LEVEL SECURITY;
ALTER TABLE seen ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON people FOR SELECT USING (id = uid());
CREATE POLICY own ON leases FOR SELECT USING (owner = uid());
CREATE POLICY everybody ON shown FOR SELECT USING (true);
CREATE VIEW of_seen AS SELECT id, token FROM seen;
GRANT SELECT ON people, leases, links, shown, seen, of_seen TO anon, authenticated;
-- By a word that was told: with any other nothing.
CREATE FUNCTION good_hash(p_token_hash text) RETURNS SETOF leases LANGUAGE plpgsql SECURITY DEFINER SET search_path = told AS $$
DECLARE l record; BEGIN
  SELECT * INTO l FROM links WHERE token_hash = p_token_hash; IF l.id IS NULL THEN RETURN; END IF;
  RETURN QUERY SELECT x.* FROM leases x WHERE x.id = l.lease; END $$;
CREATE FUNCTION good_uuid(t uuid) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.share_token = t $$;
CREATE FUNCTION good_secret(s text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.secret = s $$;
CREATE FUNCTION good_code(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.code = c $$;
CREATE FUNCTION good_both(p_lease uuid, t uuid) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE x.id = p_lease AND l.share_token = t $$;
CREATE FUNCTION good_signs(p_token_hash text, p_body text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ UPDATE leases SET body = p_body FROM links l WHERE l.lease = leases.id AND l.token_hash = p_token_hash $$;
-- The one who knows the word is stopped as well, later: the lease is not over. And where that is asked first, or the word not at all of
-- what is not there.
CREATE TABLE reviews (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), lease uuid NOT NULL REFERENCES leases, owner uuid NOT NULL REFERENCES people, words text);
ALTER TABLE reviews ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION good_gate(t uuid, p_words text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = told AS $$ DECLARE x leases; BEGIN
    SELECT y.* INTO x FROM leases y JOIN links l ON l.lease = y.id WHERE l.share_token = t;
    IF x.id IS NULL THEN RAISE EXCEPTION 'no such lease'; END IF;
    IF x.body <> 'it is over, and all was well' THEN RAISE EXCEPTION 'not over'; END IF;
    INSERT INTO reviews (lease, owner, words) VALUES (x.id, x.owner, p_words); END $$;
CREATE FUNCTION bad_gate(t uuid, p_lease uuid, p_words text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = told AS $$ DECLARE x leases; BEGIN
    SELECT y.* INTO x FROM leases y JOIN links l ON l.lease = y.id WHERE l.share_token = t;
    IF x.body <> 'it is over, and all was well' THEN RAISE EXCEPTION 'not over'; END IF;
    INSERT INTO reviews (lease, owner, words) SELECT y.id, y.owner, p_words FROM leases y WHERE y.id = p_lease; END $$;
-- Guessed, shown, or known otherwise.
CREATE FUNCTION bad_id(p_lease uuid) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x WHERE x.id = p_lease $$;
CREATE FUNCTION bad_slug(p_slug text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x WHERE x.slug = p_slug $$;
CREATE FUNCTION bad_email(p_email text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN people p ON p.id = x.owner WHERE p.email = p_email $$;
CREATE FUNCTION bad_short_code(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.short_code = c $$;
CREATE FUNCTION bad_pin(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.pin_token = c $$;
CREATE FUNCTION bad_shape(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.shape_token = c $$;
CREATE FUNCTION bad_file(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.file_hash = c $$;
-- A token need not be said to be the only one of its kind; what may be a coin, a file's sum, or made of four digits has to be more.
CREATE FUNCTION good_loose(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.loose_token_hash = c $$;
CREATE FUNCTION bad_coin(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.base_token = c $$;
CREATE FUNCTION bad_loose_hash(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.loose_hash = c $$;
CREATE FUNCTION bad_code_hash(c text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.code_hash = c $$;
CREATE FUNCTION bad_shown(t text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN shown l ON l.lease = x.id WHERE l.token = t $$;
CREATE FUNCTION bad_seen(t text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN seen l ON l.lease = x.id WHERE l.token = t $$;
-- Asked for, and not needed.
CREATE FUNCTION bad_or(p_lease uuid, t uuid) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE x.id = p_lease OR l.share_token = t $$;
CREATE FUNCTION bad_null(t uuid) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE t IS NULL OR l.share_token = t $$;
CREATE FUNCTION bad_like(p_token_hash text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE l.token_hash LIKE p_token_hash $$;
CREATE FUNCTION bad_unused(p_lease uuid, p_token_hash text) RETURNS SETOF leases LANGUAGE sql SECURITY DEFINER SET search_path = told AS
    $$ SELECT x.* FROM leases x JOIN links l ON l.lease = x.id WHERE x.id = p_lease AND (l.token_hash = p_token_hash OR p_token_hash = '') $$;
RESET search_path;
SELECT object, level, rule FROM rlsproof.audit() WHERE object LIKE 'rpc:told.%' ORDER BY object COLLATE "C";
SELECT object, verdict, reason FROM rlsproof.verify('anon', NULL, 'EXECUTE') WHERE object ~ 'told.(good_both|good_signs|bad_or|bad_shown)' ORDER BY object COLLATE "C";
DROP SCHEMA told CASCADE;
DROP ROLE regress_told_api, anon, authenticated;
