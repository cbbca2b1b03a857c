# The profile `agent` is attacked: each statement of test/data/agent_attacks.sql is sent by a role that works for tenant 1
# and wants rows of tenant 2, first as it is, then with the profile. Every value of tenant 2 says so ("t2..."), so
# whatever comes back, an error's text or a notice among it, is searched for that.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RawSession;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('attacked');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
fsync = off
shared_preload_libraries = 'rlsproof'
autovacuum = off
lo_compat_privileges = on
max_prepared_transactions = 2
rlsproof.report_interval = 0
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
-- A membership nobody thought of: it takes SET ROLE to have its rights.
CREATE ROLE agent LOGIN NOINHERIT;
CREATE ROLE service;
GRANT service TO agent;
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO agent, service;

-- Without a policy: who reads it has to say whose rows.
CREATE TABLE app.orders (id int PRIMARY KEY, org_id int NOT NULL, secret text, amount int);
CREATE INDEX ON app.orders (org_id);
INSERT INTO app.orders SELECT g, 1 + g % 2, 't' || (1 + g % 2) || '-order-' || g / 20, g FROM generate_series(1, 200) g;
-- With one.
CREATE TABLE app.accounts (id int PRIMARY KEY, org_id int NOT NULL, iban text);
INSERT INTO app.accounts SELECT g, 1 + g % 2, 't' || (1 + g % 2) || '-iban-' || g / 20 FROM generate_series(1, 200) g;
CREATE INDEX ON app.accounts (org_id);
ALTER TABLE app.accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.accounts USING (org_id = nullif(current_setting('app.org', true), '')::int);
CREATE POLICY service ON app.accounts TO service USING (true);
-- Without the column.
CREATE TABLE app.notes (id int PRIMARY KEY, order_id int REFERENCES app.orders, body text);
INSERT INTO app.notes SELECT g, g, 't' || (1 + g % 2) || '-note-' || g FROM generate_series(1, 200) g;
CREATE INDEX ON app.notes (order_id);
CREATE TABLE app.events (org_id int NOT NULL, id int, what text) PARTITION BY LIST (org_id);
CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES IN (1);
CREATE TABLE app.events_2 PARTITION OF app.events FOR VALUES IN (2);
INSERT INTO app.events SELECT 1 + g % 2, g, 't' || (1 + g % 2) || '-event' FROM generate_series(1, 100) g;
-- Nobody's.
CREATE TABLE app.countries (code text PRIMARY KEY);
INSERT INTO app.countries VALUES ('de'), ('fr');

-- With their owner's rights, as views are.
CREATE VIEW app.all_accounts AS SELECT * FROM app.accounts;
CREATE VIEW app.ibans AS SELECT string_agg(iban, ',') AS ibans FROM app.accounts;
CREATE VIEW app.switch AS SELECT set_config('app.org', '2', false) AS org;
CREATE FUNCTION app.all_ibans() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT iban FROM app.accounts';
CREATE FUNCTION app.run(q text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN QUERY EXECUTE q; END';
CREATE FUNCTION app.become(org text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''app.org'', org, false)';
CREATE FUNCTION app.as_two() RETURNS SETOF text LANGUAGE sql SET app.org = '2' AS 'SELECT iban FROM app.accounts';
CREATE FUNCTION app.leak(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
	'BEGIN RAISE NOTICE ''%'', t; RETURN true; END';
CREATE PROCEDURE app.show_all() LANGUAGE plpgsql SECURITY DEFINER AS
	'DECLARE t text; BEGIN FOR t IN SELECT iban FROM app.accounts LOOP RAISE NOTICE ''%'', t; END LOOP; END';
CREATE FUNCTION app.first_iban() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT max(iban) FROM app.accounts';
CREATE FUNCTION app.both(text, text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT max(iban) FROM app.accounts';
CREATE OPERATOR app.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = app.both);
CREATE AGGREGATE app.all_of(text) (SFUNC = app.both, STYPE = text);
CREATE TYPE app.wrapped AS (iban text);
CREATE FUNCTION app.wrap(text) RETURNS app.wrapped LANGUAGE sql SECURITY DEFINER AS 'SELECT ROW(max(iban))::app.wrapped FROM app.accounts';
CREATE CAST (text AS app.wrapped) WITH FUNCTION app.wrap(text);
CREATE FUNCTION app.whisper(app.countries) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT max(iban) FROM app.accounts';
CREATE MATERIALIZED VIEW app.report AS SELECT org_id, iban FROM app.accounts;
CREATE STATISTICS app.secrets (mcv) ON org_id, secret FROM app.orders;
ANALYZE;
SELECT lo_from_bytea(4711, 't2-large object');
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO agent, service;

SELECT rlsproof.tenancy('app.*', 'org_id', 'setting:app.org');
SELECT rlsproof.tenancy('app.notes', 'order_id -> app.orders.org_id', 'setting:app.org');
SELECT rlsproof.tenancy('app.countries', 'none');
SQL
# Another connection, as somebody else: what a link to another database comes to.
my $elsewhere = sprintf 'host=%s port=%d dbname=postgres user=postgres', $node->host, $node->port;
if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'dblink'"))
{
	$node->safe_psql('postgres', <<"SQL");
CREATE EXTENSION dblink;
CREATE FUNCTION app.dblink_of_all() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER
	AS \$\$ SELECT t FROM public.dblink('$elsewhere', 'SELECT iban FROM app.accounts') d(t text) \$\$;
SQL
}
# What is done to the one is not done to the other.
$node->safe_psql('template1', 'CREATE DATABASE guarded TEMPLATE postgres');

my $other = 't2';
my %oid = map { $_ => $node->safe_psql('postgres', "SELECT to_regprocedure('$_')::oid") }
	('lo_get(oid)', 'set_config(text,text,boolean)', 'app.first_iban()');

# The attacks: a title, and messages that are sent one after the other.
my @attacks;
for (split /^/, slurp_file('test/data/agent_attacks.sql'))
{
	chomp;
	if (/^-- (.*)/) { push @attacks, { title => $1, messages => [] } }
	elsif (length) { push @{ $attacks[-1]{messages} }, $_ }
}
cmp_ok(scalar @attacks, '>=', 120, 'there are many ways');

# texts(CAME): all that a client got to see.
sub texts
{
	my ($came) = @_;
	my @records = (@{ $came->{notices} }, $came->{error} // ());
	# Bytes are told as digits.
	my @rows = map { /^\\x([0-9a-f]+)$/ ? pack 'H*', $1 : $_ } @{ $came->{rows} };
	return (@rows, map { values %$_ } @records);
}

sub send_one
{
	my ($session, $message) = @_;
	if ($message =~ /^\\bind (.*?) \| (.*)/)
	{
		$session->parse('', $1);
		$session->bind('', '', split / \| /, $2);
		$session->execute('');
		return $session->sync;
	}
	if ($message =~ /^\\call (\S+) ?(.*)/)
	{
		my ($function, @values) = ($1, split / /, $2);
		my $arguments = join '', map { pack 'N/a*', $_ } @values;
		$session->send_message('F', pack('N n n', $oid{$function}, 0, scalar @values) . $arguments . pack('n', 0));
		return $session->until_ready;
	}
	return $session->query($message);
}

# attack(DATABASE, ATTACK): what came back of the other tenant's, and the SQLSTATEs.
sub attack
{
	my ($database, $attack) = @_;
	my $session = RawSession->new($node, user => 'agent', database => $database);
	$session->query("SET app.org = '1'");
	my (@leaked, @states);
	for my $message (@{ $attack->{messages} })
	{
		my $came = send_one($session, $message);
		# What was sent comes back in an error's text at times; that is no row.
		push @leaked, grep { /\Q$other\E/ && index($message, $_) < 0 } texts($came);
		push @states, $came->{error} ? $came->{error}{C} : 'done';
	}
	$session->finish;
	return (\@leaked, \@states);
}

# --- as it is --------------------------------------------------------------------------------------------------------

# Somebody else of the same role, at work for the other tenant.
my $neighbour = RawSession->new($node, user => 'agent', database => 'postgres');
$neighbour->query("SELECT 't2-neighbour'");
my %leaks;
for my $attack (@attacks)
{
	my ($leaked) = attack('postgres', $attack);
	$leaks{ $attack->{title} } = @$leaked;
}
my $number = grep { $_ } values %leaks;
note "without the profile $number of " . @attacks . ' attacks bring rows of the other tenant';
note "harmless without the profile: $_" for sort grep { !$leaks{$_} } keys %leaks;
cmp_ok($number, '>=', 100, 'without the profile most of them bring rows of the other tenant');
$neighbour->finish;

# --- with the profile ------------------------------------------------------------------------------------------------

my ($status, $out, $err) = $node->psql('guarded', "SELECT count(*) FROM rlsproof.apply_profile('agent', 'agent')");
cmp_ok($out, '>', 20, 'the profile is applied');
like($err, qr/the role is a member of others, whose rights it has: service/, 'and says what it cannot mend: memberships');
like($err, qr/no policy stands between the role and these tables: app\.events, /, 'and tables without policies');
$neighbour = RawSession->new($node, user => 'agent', database => 'guarded');
$neighbour->query("SELECT 't2-neighbour'");

my %states;
for my $attack (@attacks)
{
	my ($leaked, $states) = attack('guarded', $attack);
	is($leaked->[0], undef, $attack->{title});
	$states{$_}++ for @$states;
}
note join ', ', map { "$_: $states{$_}" } sort keys %states;
is($node->safe_psql('guarded', 'SELECT count(*), sum(amount), sum(org_id) FROM app.orders'), '200|20100|300',
	'and nothing was written');

# --- what it may do all the same -------------------------------------------------------------------------------------

my $session = RawSession->new($node, user => 'agent', database => 'guarded');
$session->query("SET app.org = '1'");
for my $allowed (
	'SELECT count(*) FROM app.accounts',
	'SELECT iban FROM app.accounts WHERE id = 2',
	'SELECT secret, amount FROM app.orders WHERE org_id = 1 ORDER BY amount LIMIT 5',
	"SELECT sum(amount) FILTER (WHERE amount > 3), avg(amount)::numeric(10, 2), json_agg(secret) FROM app.orders WHERE org_id = current_setting('app.org')::int",
	'SELECT o.secret, n.body FROM app.orders o JOIN app.notes n ON n.order_id = o.id WHERE o.org_id = 1',
	"WITH o AS (SELECT * FROM app.orders WHERE org_id = 1) SELECT upper(secret), row_number() OVER (ORDER BY id), to_char(now(), 'YYYY') FROM o",
	'SELECT code FROM app.countries',
	'SELECT what FROM app.events WHERE org_id = 1',
	"SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'app' ORDER BY 1, 2",
	'BEGIN; DECLARE c CURSOR FOR SELECT iban FROM app.accounts; FETCH 3 FROM c; CLOSE c; COMMIT',
	'PREPARE good(int) AS SELECT iban FROM app.accounts WHERE id = $1; EXECUTE good(2); DEALLOCATE good',
	'EXPLAIN SELECT secret FROM app.orders WHERE org_id = 1',
	"SET app.org = '1'; SET timezone = 'UTC'; SET application_name = 'agent'; SHOW app.org")
{
	my $came = $session->query($allowed);
	is($came->{error} ? $came->{error}{M} . ' ' . ($came->{error}{D} // '') : undef, undef, "allowed: $allowed");
	is(scalar(grep { /\Q$other\E/ } texts($came)), 0, 'and nothing of anybody else');
	$session->query('ROLLBACK') if $came->{error};
}
{
	# The tenant as most clients say it, and then no other.
	my $client = RawSession->new($node, user => 'agent', database => 'guarded');
	$client->parse('', "SELECT set_config('app.org', \$1, false)");
	$client->bind('', '', '1');
	$client->execute('');
	is($client->sync->{error}, undef, 'the tenant may be said by a function');
	is($client->query('SELECT count(*) FROM app.accounts')->{rows}[0], 100, 'and is the one');
	$client->parse('', "SELECT set_config('app.org', \$1, false)");
	$client->bind('', '', '2');
	$client->execute('');
	is($client->sync->{error}{C}, '42R09', 'once');
	$client->finish;
}
is($session->query('SELECT g FROM generate_series(1, 2000) g')->{error}{C}, '54R02', 'rows of an answer are limited');
is($session->query('SELECT 1 / (g - 3) FROM generate_series(1, 9) g')->{error}{M}, 'the statement failed while it ran',
	'and what an error says');
is($session->query('SET statement_timeout = 0')->{error}{C}, '42R11', 'nobody takes more time');
$session->finish;

# Connection options do not loosen what the role is held by.
my ($refused, $said, $why) = $node->psql('guarded', 'SELECT 1', extra_params => [ '-U', 'agent' ],
	connstr => $node->connstr('guarded') . " options='-c rlsproof.rule_tenant_mismatch=off'");
like($why, qr/permission denied to set parameter "rlsproof\.rule_tenant_mismatch"/, 'nor does a connection loosen it');

# Nor do they choose another tenant than the role's.
$node->safe_psql('guarded', "ALTER ROLE agent SET app.org = '1'");
for my $chosen ('-c app.org=2', '-c app.org=1', '')
{
	my $own = RawSession->new($node, user => 'agent', database => 'guarded', $chosen ? (options => $chosen) : ());
	my $came = $own->query('SELECT count(*) FROM app.accounts');
	is($chosen =~ /2/ ? $came->{error}{C} : $came->{rows}[0], $chosen =~ /2/ ? '42R09' : 100, "a connection with $chosen");
	is($own->query("SET app.org = '2'")->{error}{C}, '42R09', 'has no other tenant');
	is($own->query("SET app.org = '1'; SELECT count(*) FROM app.accounts")->{rows}[0], 100, 'than the one of the role');
	$own->finish;
}
$node->safe_psql('guarded', 'ALTER ROLE agent RESET app.org');

# A statement is stopped whatever the connection asked for.
$node->safe_psql('guarded', "ALTER ROLE agent SET rlsproof.max_statement_time = '10ms'");
$session = RawSession->new($node, user => 'agent', database => 'guarded', options => '-c statement_timeout=0');
is($session->query('SELECT count(*) FROM generate_series(1, 2000000) a, generate_series(1, 2000000) b')->{error}{C}, '57014',
	'a statement that does not end is ended');
$session->finish;
# Nothing below is about time.
$node->safe_psql('guarded', "ALTER ROLE agent SET rlsproof.max_statement_time = '10min'");

# A function that is listed may be called, and what it does is judged.
$node->safe_psql('guarded', "ALTER ROLE agent SET rlsproof.listed_functions = 'app.first_iban, app.le*'");
$session = RawSession->new($node, user => 'agent', database => 'guarded');
$session->query("SET app.org = '1'");
is($session->query("SELECT app.leak('x')")->{error}, undef, 'who is listed may be called');
like($session->query('SELECT app.first_iban()')->{error}{C}, qr/^42R0/, 'and is not freed of the rules');
$session->finish;
$neighbour->finish;

# --- and off again ---------------------------------------------------------------------------------------------------

$node->psql('guarded', "SELECT rlsproof.remove_profile('agent', 'agent')", stderr => \$err);
like($err, qr/rlsproof\.max_statement_time was changed meanwhile and stays as it is/, 'what was set by hand is named');
is($node->safe_psql('guarded', "SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting WHERE setrole = 'agent'::regrole"),
	'rlsproof.max_statement_time=10min rlsproof.listed_functions=app.first_iban, app.le*', 'and stays');
$node->stop;
done_testing();
