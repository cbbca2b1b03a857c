-- Functions that ask for a value within a range which the row sets: an amount of what there is, days around what happened.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA ranges;
GRANT USAGE ON SCHEMA ranges TO authenticated;
CREATE FUNCTION ranges.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = ranges;
CREATE TABLE goods (id uuid PRIMARY KEY, owner uuid NOT NULL, name text, price numeric NOT NULL DEFAULT 0, stock int NOT NULL DEFAULT 0,
    sold_at timestamptz, due date);
CREATE POLICY own ON goods FOR SELECT USING (owner = uid());
ALTER TABLE goods ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON goods TO authenticated;
CREATE FUNCTION known() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF ranges.uid() IS NULL THEN RAISE EXCEPTION 'who?'; END IF; END $$;
CREATE FUNCTION amount(p_id uuid, p_amount numeric) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ranges AS $$ DECLARE v numeric; BEGIN
    PERFORM known(); SELECT price INTO v FROM goods WHERE id = p_id; IF p_amount <= 0 OR p_amount > v THEN RAISE EXCEPTION 'how much?'; END IF;
    UPDATE goods SET price = price - p_amount WHERE id = p_id; END $$;
CREATE FUNCTION amount_in_document(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ranges AS $$
    DECLARE n int := (p ->> 'n')::int; BEGIN PERFORM known();
    UPDATE goods SET stock = stock - n WHERE id = (p ->> 'of')::uuid AND n BETWEEN 1 AND stock; IF NOT found THEN RAISE EXCEPTION 'how many?'; END IF; END $$;
CREATE FUNCTION days(first date, last date) RETURNS SETOF goods LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ranges AS $$ BEGIN
    PERFORM known(); IF last < first THEN RAISE EXCEPTION 'when?'; END IF;
    RETURN QUERY SELECT * FROM goods WHERE sold_at >= first AND sold_at < last + 1; END $$;
CREATE FUNCTION days_of_a_month(p_end timestamptz, p_start timestamptz) RETURNS SETOF goods LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ranges AS $$ BEGIN
    PERFORM known(); IF p_end <= p_start OR p_end - p_start > interval '31 days' THEN RAISE EXCEPTION 'when?'; END IF;
    RETURN QUERY SELECT * FROM goods WHERE sold_at BETWEEN p_start AND p_end; END $$;
CREATE FUNCTION more_than(p_id uuid, p_bid numeric) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ranges AS $$
    UPDATE goods SET price = p_bid WHERE id = p_id AND p_bid >= price + 100 AND uid() IS NOT NULL $$;
CREATE FUNCTION since(p_since date) RETURNS SETOF goods LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ranges AS $$
    SELECT * FROM goods WHERE due > p_since AND uid() IS NOT NULL $$;
-- The same where it asks whose it is.
CREATE FUNCTION not_amount(p_id uuid, p_amount numeric) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ranges AS $$ DECLARE v numeric; BEGIN
    PERFORM known(); SELECT price INTO v FROM goods WHERE id = p_id AND owner = uid();
    IF v IS NULL OR p_amount <= 0 OR p_amount > v THEN RAISE EXCEPTION 'how much?'; END IF;
    UPDATE goods SET price = price - p_amount WHERE id = p_id; END $$;
CREATE FUNCTION not_amount_in_document(p jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = ranges AS $$
    DECLARE n int := (p ->> 'n')::int; BEGIN PERFORM known();
    UPDATE goods SET stock = stock - n WHERE id = (p ->> 'of')::uuid AND owner = uid() AND n BETWEEN 1 AND stock; END $$;
CREATE FUNCTION not_days(first date, last date) RETURNS SETOF goods LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ranges AS $$ BEGIN
    PERFORM known(); IF last < first THEN RAISE EXCEPTION 'when?'; END IF;
    RETURN QUERY SELECT * FROM goods WHERE sold_at >= first AND sold_at < last + 1 AND owner = uid(); END $$;
CREATE FUNCTION not_total(first date, last date) RETURNS numeric LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ranges AS $$
    SELECT sum(price) FROM goods WHERE sold_at BETWEEN first AND last AND owner = uid() $$;
SELECT format('REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO authenticated', p.oid::regprocedure)
FROM pg_proc p WHERE p.pronamespace = 'ranges'::regnamespace AND p.prosecdef ORDER BY p.proname \gexec
RESET search_path;
SELECT verdict, object, reason FROM rlsproof.verify() WHERE object LIKE 'rpc:%' AND persona = 'newcomer' AND reason NOT LIKE '%rights of its caller%'
ORDER BY object COLLATE "C";
DROP SCHEMA ranges CASCADE;
DROP ROLE anon, authenticated;
