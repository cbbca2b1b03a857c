# Soundness: schemas made at random, and every verdict compared with what plain execution does. The rows cover every
# combination of the values that the policies ask about, so what a persona can reach, it reaches here: a cell is `open` or
# `leak` exactly where a plain statement, run as the persona, gets at a row.
#
# RLSPROOF_CELLS says how many cells at least (10,000), RLSPROOF_SEED where to start; a failure names the seed of its schema.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cells_wanted = $ENV{RLSPROOF_CELLS} // 10_000;
my $seed = $ENV{RLSPROOF_SEED} // 1;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;

my $uid = '0d5fb6a2-97e1-4c1e-9a55-6f1b7d0c0a11'; # the outsider's
my @owners = map { "a0000000-0000-4000-8000-00000000000$_" } 1 .. 2;

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE anon; CREATE ROLE authenticated;
GRANT anon, authenticated TO authenticator;
CREATE ROLE staff; CREATE ROLE clerk; CREATE ROLE guest; CREATE ROLE keeper;
-- clerk has what staff has, guest only after SET ROLE; keeper owns tables.
GRANT staff TO clerk;
ALTER ROLE guest NOINHERIT; GRANT staff TO guest;
CREATE EXTENSION rlsproof;
CREATE SCHEMA auth; GRANT USAGE ON SCHEMA auth TO PUBLIC;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $$;
-- Runs a statement as somebody and undoes it: the number of its rows, or the error.
CREATE SCHEMA truth; GRANT USAGE ON SCHEMA truth TO PUBLIC;
CREATE FUNCTION truth.run(who text, claims text, sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
  PERFORM set_config('request.jwt.claims', claims, true);
  PERFORM set_config('app.nothing', coalesce(claims::jsonb ->> 'sub', ''), true);
  PERFORM set_config('role', who, true);
  EXECUTE sql;
  GET DIAGNOSTICS n = ROW_COUNT;
  RAISE EXCEPTION USING ERRCODE = 'TRUTH', MESSAGE = n::text;
EXCEPTION WHEN SQLSTATE 'TRUTH' THEN RETURN SQLERRM;
WHEN others THEN
  -- What a policy reads and the caller may not is no refusal of the statement itself.
  RETURN CASE WHEN SQLERRM ~ 'permission denied for .* (members|is_member)' THEN 'inside' ELSE SQLSTATE END;
END $$;
-- A row as an INSERT of the columns that somebody may give.
CREATE FUNCTION truth.entry(who text, object text, entry jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('INSERT INTO %s (%s) VALUES (%s)', object, string_agg(quote_ident(key), ', '), string_agg(quote_nullable(value), ', '))
  FROM jsonb_each_text(entry) WHERE has_column_privilege(who, object, key, 'INSERT') $$;
-- Whether any of the statements gets at a row; an error other than a refusal is told.
CREATE FUNCTION truth.reached(who text, claims text, statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE statement text; got text; seen text := 'no';
BEGIN
  FOREACH statement IN ARRAY statements LOOP
    got := truth.run(who, claims, statement);
    IF got ~ '^\d{1,4}$' AND got::int > 0 THEN RETURN 'yes'; END IF;
    IF got !~ '^\d{1,4}$' AND got NOT IN ('42501', '23502') AND (got <> '23505' OR seen = 'no') THEN seen := got; END IF;
  END LOOP;
  RETURN seen;
END $$;
-- What a function shows beyond the table behind it; all that it shows, where the table is not readable as a whole.
CREATE FUNCTION truth.beyond(who text, claims text, call text, object text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE whole boolean := has_schema_privilege(who, 'it', 'USAGE') AND has_table_privilege(who, object, 'SELECT'); got text := 'inside';
BEGIN
  IF whole THEN got := truth.reached(who, claims, ARRAY[format('SELECT id FROM %s EXCEPT SELECT id FROM %s', call, object)]); END IF;
  IF NOT whole OR got NOT IN ('yes', 'no') THEN got := truth.reached(who, claims, ARRAY['SELECT id FROM ' || call]); END IF;
  RETURN got;
END $$;
SELECT rlsproof.persona('staff', 'staff'); SELECT rlsproof.persona('clerk', 'clerk');
SELECT rlsproof.persona('guest', 'guest'); SELECT rlsproof.persona('keeper', 'keeper');
SELECT rlsproof.expect(p, 'it.*', 'all', 'none') FROM unnest(ARRAY['staff', 'clerk', 'guest', 'keeper']) p;
SQL

# A generator of its own: the same numbers on every machine.
my $state;
sub random { my ($n) = @_; $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % $n }
sub one_of { return $_[ random(scalar @_) ] }
sub maybe { my ($percent) = @_; return random(100) < $percent }

my @columns = qw(id owner org status shown note);
my @atoms = (
    'true', 'false', 'owner = auth.uid()', 'owner = (SELECT auth.uid())', 'auth.uid() IS NOT NULL', 'auth.uid() IS NULL',
    "auth.role() = 'authenticated'", "status = 'published'", "status <> 'draft'", "status IN ('published', 'sold')", 'shown',
    'NOT shown', 'org IS NULL', 'org IN (SELECT m.org FROM it.members m WHERE m.who = auth.uid())',
    'EXISTS (SELECT 1 FROM it.members m WHERE m.org = org AND m.who = auth.uid())', 'it.is_member(org)', "current_user = 'staff'",
    "pg_has_role(current_user, 'staff', 'MEMBER')", 'owner IS NOT DISTINCT FROM auth.uid()', 'owner <> auth.uid()',
    "coalesce(auth.uid()::text, '') = ''", "owner::text = current_setting('request.jwt.claims', true)::jsonb ->> 'sub'",
    "status = nullif(current_setting('app.nothing', true), '')", '(SELECT count(*) FROM it.members) > 100', 'length(note) > 3');

sub predicate {
    my ($depth) = @_;
    return one_of(@atoms) if $depth == 0 || maybe(55);
    return 'NOT (' . predicate($depth - 1) . ')' if maybe(15);
    return '(' . predicate($depth - 1) . one_of(' AND ', ' OR ') . predicate($depth - 1) . ')';
}

my @grantees = qw(anon authenticated staff keeper PUBLIC);
sub grants {
    my ($table) = @_;
    my $sql = '';
    for my $role (@grantees) {
        next if maybe($role eq 'PUBLIC' ? 85 : 30);
        if (maybe(65)) {
            my @commands = grep { maybe(65) } qw(SELECT INSERT UPDATE DELETE);
            $sql .= "GRANT " . join(', ', @commands) . " ON $table TO $role;\n" if @commands;
        } else {
            for my $command (qw(SELECT INSERT UPDATE)) {
                my @some = grep { maybe(50) } @columns;
                $sql .= "GRANT $command (" . join(', ', @some) . ") ON $table TO $role;\n" if @some && maybe(60);
            }
            $sql .= "GRANT DELETE ON $table TO $role;\n" if maybe(40);
        }
    }
    return $sql;
}

sub policies {
    my ($table) = @_;
    my $sql = '';
    for my $n (1 .. 1 + random(4)) {
        my $for = one_of(qw(ALL ALL SELECT SELECT INSERT UPDATE DELETE));
        my $as = maybe(15) ? 'RESTRICTIVE' : 'PERMISSIVE';
        my $to = one_of('PUBLIC', 'PUBLIC', 'anon', 'authenticated', 'staff', 'anon, staff', 'keeper');
        my $using = $for ne 'INSERT' ? ' USING (' . predicate(2) . ')' : '';
        my $check = $for eq 'INSERT' || ($for =~ /ALL|UPDATE/ && maybe(30)) ? ' WITH CHECK (' . predicate(2) . ')' : '';
        $sql .= "CREATE POLICY p$n ON $table AS $as FOR $for TO $to$using$check;\n";
    }
    return $sql;
}

sub schema {
    my $sql = <<'SQL';
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS it CASCADE; CREATE SCHEMA it;
CREATE TABLE it.members (org int NOT NULL, who uuid NOT NULL, PRIMARY KEY (org, who));
INSERT INTO it.members VALUES (1, 'a0000000-0000-4000-8000-000000000001'), (2, 'a0000000-0000-4000-8000-000000000002'),
  (3, '7be81c34-52a9-4f0d-8d0e-3f7a9c5e2b22'); -- who has signed up is a member of a place without rows
CREATE FUNCTION it.is_member(o int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
  AS $$ SELECT EXISTS (SELECT 1 FROM it.members m WHERE m.org = o AND m.who = auth.uid()) $$;
SQL
    $sql .= 'GRANT USAGE ON SCHEMA it TO ' . join(', ', 'staff', grep { maybe(90) } qw(anon authenticated keeper)) . ";\n";
    $sql .= "GRANT SELECT ON it.members TO PUBLIC;\n" if maybe(70);
    for my $n (1 .. 5) {
        my $table = "it.t$n";
        $sql .= "CREATE TABLE $table (id int PRIMARY KEY, owner uuid NOT NULL, org int, status text NOT NULL, shown boolean NOT NULL, "
            . "note text NOT NULL DEFAULT 'long enough');\n"
            . "INSERT INTO $table SELECT row_number() OVER (), o::uuid, g, s, b FROM unnest(ARRAY['" . join("','", @owners)
            . "']) o, unnest(ARRAY[1, 2, NULL]) g, unnest(ARRAY['draft', 'published', 'sold']) s, unnest(ARRAY[true, false]) b;\n";
        $sql .= "ALTER TABLE $table ENABLE ROW LEVEL SECURITY;\n" if maybe(92);
        $sql .= "ALTER TABLE $table FORCE ROW LEVEL SECURITY;\n" if maybe(20);
        $sql .= "ALTER TABLE $table OWNER TO keeper;\n" if maybe(15);
        $sql .= grants($table);
        $sql .= policies($table) if maybe(95);
    }
    # A partitioned table: what policies its partitions have, and who may name them, is their own matter.
    $sql .= 'CREATE TABLE it.p1 (id int, owner uuid, org int, status text NOT NULL, shown boolean NOT NULL, '
        . "note text NOT NULL DEFAULT 'long enough') PARTITION BY LIST (shown);\n"
        . "CREATE TABLE it.p2 PARTITION OF it.p1 FOR VALUES IN (true); CREATE TABLE it.p3 PARTITION OF it.p1 FOR VALUES IN (false);\n"
        . "INSERT INTO it.p1 SELECT * FROM it.t1; INSERT INTO it.p1 SELECT id + 100, NULL, org, status, shown FROM it.t1 WHERE owner = '$owners[0]';\n";
    for my $n (1 .. 3) {
        $sql .= "ALTER TABLE it.p$n ENABLE ROW LEVEL SECURITY;\n" if maybe(70);
        $sql .= "ALTER TABLE it.p$n OWNER TO keeper;\n" if maybe(10);
        $sql .= grants("it.p$n") if maybe(80);
        $sql .= policies("it.p$n") if maybe(90);
    }
    # Functions with their owner's rights, which may look at who is calling, or not.
    for my $n (1 .. 3) {
        my $under = one_of(qw(t1 t2 t3 p1));
        $sql .= "CREATE FUNCTION it.f$n() RETURNS SETOF it.$under LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS \$f\$ SELECT * FROM it.$under WHERE "
            . predicate(1) . " \$f\$;\nCOMMENT ON FUNCTION it.f$n() IS 'it.$under';\n";
        $sql .= "ALTER FUNCTION it.f$n() OWNER TO keeper;\n" if maybe(25);
        $sql .= "REVOKE ALL ON FUNCTION it.f$n() FROM PUBLIC;\n" if maybe(60);
        $sql .= "GRANT EXECUTE ON FUNCTION it.f$n() TO $_;\n" for grep { maybe(40) } qw(anon authenticated staff);
    }
    for my $n (1 .. 2) {
        my $under = 't' . (1 + random(5));
        my $with = maybe(50) ? ' WITH (security_invoker = true)' : '';
        $sql .= "CREATE VIEW it.v$n$with AS SELECT id, owner, note FROM it.$under" . (maybe(40) ? " WHERE shown" : '') . ";\n";
        $sql .= "ALTER VIEW it.v$n OWNER TO keeper;\n" if maybe(20);
        $sql .= "GRANT SELECT ON it.v$n TO $_;\n" for grep { maybe(50) } qw(anon authenticated staff);
    }
    return $sql;
}

# The statements that could get at a row, for each command.
sub statements {
    my ($object, $command) = @_;
    my @used = $object =~ /v\d/ ? qw(id owner note) : @columns;
    return map {; "SELECT $_ FROM $object" } @used if $command eq 'SELECT';
    return ("DELETE FROM $object", "DELETE FROM $object WHERE id > 0") if $command eq 'DELETE';
    if ($command eq 'UPDATE') {
        my %value = (id => 5000, owner => $owners[0], org => 1, status => 'sold', shown => 'true', note => 'another note');
        return ((map {; "UPDATE $object SET $_ = $_ WHERE id > 0", "UPDATE $object SET $_ = $_", "UPDATE $object SET $_ = '$value{$_}'" } @used),
            (map {; "UPDATE $object SET note = note WHERE id = $_" } 1 .. 36, 101 .. 136), # the latter in partitioned tables alone, owned by nobody
            (map {; "UPDATE $object SET status = '$_'" } qw(draft published sold)),
            map {; "UPDATE $object SET $_" } "org = NULL", 'org = 2', "owner = '$owners[1]'", 'shown = false', "note = 'x'");
    }
    my @rows;
    for my $org (1, 2, 'null') {
        for my $status (qw(draft published sold)) {
            for my $shown (qw(true false)) {
                push @rows, qq({"id": 1000, "owner": $_, "org": $org, "status": "$status", "shown": $shown}) for map({ qq("$_") } @owners);
            }
        }
    }
    return @rows;
}

# Whether the statement at the end of a witness gets at a row.
sub shows_rows {
    my ($script) = @_;
    $script =~ s/\nrollback;\z/\n\\echo rows :ROW_COUNT\nrollback;/ or return 'no';
    my ($status, $out) = $node->psql('postgres', $script);
    return defined $out && $out =~ /^rows [1-9]\d*$/m ? 'yes' : 'no';
}

my $newcomer = '7be81c34-52a9-4f0d-8d0e-3f7a9c5e2b22';
my %role = (anon => 'anon', outsider => 'authenticated', newcomer => 'authenticated', staff => 'staff', clerk => 'clerk', guest => 'guest', keeper => 'keeper');
my %claims = map { $_ => '{}' } keys %role;
$claims{anon} = '{"role": "anon"}';
$claims{outsider} = qq({"sub": "$uid", "role": "authenticated"});

$claims{newcomer} = qq({"sub": "$newcomer", "role": "authenticated"});

my ($cells, $wrong, %verdicts, @shown) = (0, 0);
while ($cells < $cells_wanted) {
    $state = $seed;
    my $sql = schema();
    my @questions;
    for my $persona (sort keys %role) {
        for my $object (map({ "it.t$_" } 1 .. 5), map({ "it.p$_" } 1 .. 3), map({ "it.v$_" } 1 .. 2)) {
            for my $command ($object =~ /v\d/ ? ('SELECT') : qw(SELECT INSERT UPDATE DELETE)) {
                my $list = join(', ', map { my $s = s/'/''/gr; "'$s'" } statements($object, $command));
                $list =~ s/('\{[^}]*\}')/truth.entry('$role{$persona}', '$object', $1)/g if $command eq 'INSERT';
                push @questions, "('$persona', '$object', '$command', truth.reached('$role{$persona}', '$claims{$persona}', ARRAY[$list]))";
            }
        }
    }
    for my $persona (sort keys %role) {
        push @questions, map { "('$persona', 'rpc:it.f$_()', 'EXECUTE', truth.beyond('$role{$persona}', '$claims{$persona}', 'it.f$_()', obj_description('it.f$_()'::regprocedure)))" } 1 .. 3;
    }
    $sql .= "SELECT q.persona, q.object, q.command, q.truth, v.verdict, v.evidence, v.reason, CASE WHEN v.reason ~ 'state that was made' THEN encode(convert_to(v.witness ->> 'script', 'UTF8'), 'hex') END FROM (VALUES\n" . join(",\n", @questions)
        . ") q (persona, object, command, truth) LEFT JOIN rlsproof.verify() v USING (persona, object, command) ORDER BY 1, 2, 3;\n";
    my ($status, $out, $err) = $node->psql('postgres', $sql, extra_params => ['-F', "\t"]);
    if ($status != 0) {
        fail("seed $seed: " . substr($err, 0, 400));
        last if ++$wrong > 5;
        $seed++;
        next;
    }
    for my $line (split /\n/, $out) {
        my ($persona, $object, $command, $truth, $verdict, $evidence, $reason, $script) = split /\t/, $line;
        $cells++;
        # What no row of ours reaches, rows that the prover made do: by its own script.
        $truth = shows_rows(pack('H*', $script)) if $truth eq 'no' && $script;
        $verdicts{ $verdict || 'none' }++;
        # A function that asks nobody is open by what it touches, whether or not a row of today shows it.
        my $agree = $command eq 'EXECUTE' && $verdict =~ /^(open|leak)$/ ? $evidence ne 'execution' || $truth eq 'yes'
            : $verdict =~ /^(open|leak)$/ ? $truth =~ /^(yes|23505|23514)$/ # a blind change of a key fails on its second row, a row without its key in every partition
            : $verdict eq 'ok' ? $truth ne 'yes'
            : $verdict eq 'error' ? $truth !~ /^(yes|no)$/
            # What a call answers may be anybody's; to say so is no mistake.
            : $command eq 'EXECUTE' && $verdict eq 'unknown' || $truth ne 'yes'; # vacuous or unknown claims nothing
        next if $agree;
        $wrong++;
        next if @shown >= 200;
        push @shown, "seed $seed: $persona $command $object: truth $truth, verdict $verdict ($evidence: $reason)",
            grep { /^(CREATE POLICY|CREATE VIEW|ALTER|GRANT)/ && /\Q$object\E\b|SCHEMA it|it\.members/ } split(/\n/, $sql);
    }
    $seed++;
}
cmp_ok($cells, '>=', $cells_wanted, "$cells cells");
is($wrong, 0, 'every verdict is what plain execution shows') or diag join("\n", @shown);
note 'verdicts: ' . join(', ', map { "$_ $verdicts{$_}" } sort keys %verdicts);
cmp_ok(($verdicts{vacuous} // 0) + ($verdicts{unknown} // 0), '<', $cells / 50, 'few cells stay without an answer');
ok($verdicts{$_}, "$_ occurs") for qw(ok open leak error);

done_testing();
