# rlsproof check: the guard's rules over the queries of a file, of what pg_stat_statements kept and of what a server
# logged, in a throw-away server and in a database. Needs $RLSPROOF_TOOL (the program) and $RLSPROOF_PGBIN.
use strict;
use warnings FATAL => 'all';

use File::Temp qw(tempdir);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RawSession;
use Test::More;

my $tool = $ENV{RLSPROOF_TOOL} or die 'RLSPROOF_TOOL is not set';
my $home = tempdir('checkXXXX', DIR => '/tmp', CLEANUP => 1);

sub spew
{
	my ($file, $text) = @_;
	open(my $out, '>:raw', "$home/$file") or die "$file: $!";
	print $out $text;
	close $out;
	return "$home/$file";
}

sub slurp
{
	open(my $in, '<', $_[0]) or return '';
	local $/;
	return scalar <$in> // '';
}

# (exit status, standard output, standard error)
sub check
{
	my $status = system("'$tool' check " . join(' ', map { "'$_'" } @_) . " <$home/in >$home/out 2>$home/err");
	return ($status >> 8, slurp("$home/out"), slurp("$home/err"));
}

# What was found, as "line rule times", in order.
sub found
{
	my ($json) = @_;
	return join ', ', map { "$_->{line} $_->{rule} $_->{times}" } @{ decode_json($json)->{findings} };
}

my $tables = "create table users (id int primary key, email text);\n"
	. "create table orders (id int primary key, user_id int, status text);\ncreate index on orders (user_id);\n";
my $migrations = spew('tables.sql', $tables);
spew('in', '');

# --- files, over migrations ------------------------------------------------------------------------------------------

my $queries = spew('q.sql', <<'SQL');
-- what the application sends
select * from users where id = $1;

select id from orders
 where status = 'paid';
select id from orders where status = 'open';
selct 1;
select nothing from orders where id = 1;
select * from orders where user_id = 1 order by id offset 5 limit 1;
select * from orders where user_id = 1 order by id offset 500000 limit 1;
delete from orders;
SQL
my ($status, $out, $err) = check($queries, '--migrations', $migrations);
is($status, 1, 'something was found') or diag $err;
like($out, qr/^\Q$queries\E:4: full_scan: .*orders.*\n  select id from orders where status = 'paid'\n.*\n  hint: CREATE INDEX.*\n  2 times, first here$/m,
	'a finding says where, what, of which query, how to mend it and how often');
like($out, qr/:7: invalid: syntax error.*\(42601\)\n.*:8: invalid: column "nothing"/s, 'what the server cannot plan is a finding');
like($out, qr/:10: deep_offset:/, 'a constant that breaks a rule is not hidden by one of the same shape that keeps it');
like($out, qr/^8 queries of 6 shapes looked at: 5 findings \(deep_offset 1, full_scan 1, invalid 2, write_without_where 1\)$/m, 'the counts');

spew('in', "select * from users where id = 1;\n");
($status, $out, $err) = check('-', '--migrations', $migrations, '--quiet');
is($status, 0, 'nothing was found');
is($err, '', '--quiet');
spew('in', "\\i other.sql\nselect 1;\n");
($status, $out) = check('-', '--migrations', $migrations);
is($status, 2, 'what was not read is not clean');
like($out, qr/^not looked at: line 1: "\\i other\.sql"/m, 'and is named');
spew('in', "do \$\$ begin execute 'delete from orders'; end \$\$;\nselect 1;\n");
($status, $out) = check('-', '--migrations', $migrations);
is($status, 2, 'nor is what only runs when it runs');
like($out, qr/^not looked at: line 1: .*built at run time/m, 'it is named, too');
spew('in', "do \$\$ begin delete from orders; end \$\$;\n");
($status, $out) = check('-', '--migrations', $migrations);
is($status, 1, 'a block is looked into');
like($out, qr/:1: write_without_where:/, 'statement by statement');
spew('in', '');

for my $case ([[], qr/needs a file/], [['x.sql'], qr/--migrations DIR or --dsn/], [['x.sql', '--dsn', 'port=1'], qr/cannot read "x\.sql"/],
	[['-', '--migrations', $migrations], qr/no queries in "stdin"/], [[$queries, '--migrations', 'nowhere'], qr/does not exist/],
	[[$queries, '--migrations', $migrations, '--input', 'csv'], qr/no column "query"/],
	[[$queries, '--dsn', "host=$home"], qr/cannot connect/])
{
	($status, $out, $err) = check(@{ $case->[0] });
	is($status, 2, "@{ $case->[0] }: exit 2");
	like($err, $case->[1], 'says why');
	is($out, '', 'standard output stays empty');
}

# --- a database, its log and its statistics --------------------------------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('checked');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_stat_statements'
log_min_messages = warning
autovacuum = off
CONF
$node->start;
$node->safe_psql('postgres', "$tables insert into orders values (1, 1, 'open'); create extension pg_stat_statements; create extension rlsproof; create role visitor nologin;"
	. "grant select on users to visitor; alter table users enable row level security; create policy own on users using (email = current_user);"
	. "create role stranger login; grant usage on schema rlsproof to stranger; grant execute on all functions in schema rlsproof to stranger; select rlsproof.persona('visitor', 'visitor')");
$node->safe_psql('postgres', q{alter system set log_statement = 'all'; select pg_reload_conf()});
$node->poll_query_until('postgres', "select setting = 'all' from pg_settings where name = 'log_statement'") or die;
my $logged = -s $node->logfile;
$node->safe_psql('postgres', 'select pg_stat_statements_reset()');
my $raw = RawSession->new($node);
$raw->query('begin');
$raw->query("select id\nfrom orders where status = 'paid'");
for my $id (1 .. 3)
{
	$raw->parse('s', 'select status from orders where status = $1') if $id == 1;
	$raw->bind('', 's', 'open');
	$raw->execute('');
	$raw->sync;
}
$raw->query('update users set email = null');
$raw->query('rollback');
$raw->query('select nothing');

my $dsn = $node->connstr('postgres');
my $log = slurp($node->logfile);
spew('server.log', substr($log, $logged));
($status, $out, $err) = check("$home/server.log", '--dsn', $dsn, '--format', 'json');
is($status, 1, 'a log') or diag $err;
my @lines = split /\n/, slurp("$home/server.log");
my ($first) = grep { $lines[$_] =~ /statement: select id$/ } 0 .. $#lines;
my ($prepared) = grep { $lines[$_] =~ /execute s: select status from orders/ } 0 .. $#lines;
my ($update) = grep { $lines[$_] =~ /statement: update users/ } 0 .. $#lines;
my ($wrong) = grep { $lines[$_] =~ /statement: select nothing/ } 0 .. $#lines;
is(found($out), join(', ', $first + 1 . ' full_scan 1', $prepared + 1 . ' full_scan 3', $update + 1 . ' write_without_where 1', $wrong + 1 . ' invalid 1'),
	'each where the log has it, and as often');
cmp_ok(decode_json($out)->{session_commands}, '>=', 2, 'BEGIN and ROLLBACK are no queries');

spew('statements.csv', $node->safe_psql('postgres', "\\pset tuples_only off\nselect * from pg_stat_statements order by query", extra_params => ['--csv']));
($status, $out, $err) = check("$home/statements.csv", '--dsn', $dsn, '--format', 'json');
is($status, 1, 'an export of pg_stat_statements') or diag $err;
my %times = map { ("$_->{rule} " . ($_->{query} =~ s/\s+/ /gr) => $_->{times}) } @{ decode_json($out)->{findings} };
is($times{'full_scan select id from orders where status = $1'}, 1, 'a query with parameters');
is($times{'full_scan select status from orders where status = $1'}, 3, 'as often as it was called') or diag $out;
is($times{'write_without_where update users set email = $1'} // $times{'write_without_where update users set email = null'}, 1, 'a write');
unlike(join(',', keys %times), qr/invalid/, 'what ran can be planned') or diag $out;

# --- whom, what and how much -----------------------------------------------------------------------------------------

($status, $out) = check($queries, '--dsn', $dsn, '--rules', 'full_scan', '--format', 'json');
is(found($out), '4 full_scan 2, 7 invalid 1, 8 invalid 1', '--rules keeps what no rule could judge');
is((check($queries, '--dsn', $dsn, '--fail-on', 'copy_out'))[0], 0, '--fail-on');
is((check($queries, '--dsn', $dsn, '--fail-on', 'copy_out,deep_offset'))[0], 1, '--fail-on, broken');
is((check($queries, '--dsn', $dsn, '--fail-on', 'none'))[0], 0, '--fail-on none');
($status, $out) = check($queries, '--dsn', $dsn, '--small-table', '64', '--format', 'json');
unlike($out, qr/"full_scan"/, '--small-table');
($status, $out) = check($queries, '--dsn', $dsn, '--persona', 'visitor', '--format', 'json');
like($out, qr/"sqlstate": "42501"/, '--persona: with that one\'s rights');
($status, $out, $err) = check($queries, '--dsn', "$dsn user=stranger");
like($out, qr/^note: tables are small as the database says/m, 'who may not change the setting is told so') or diag $err;
for my $case (['--persona', 'nobody', qr/no persona "nobody"/], ['--rules', 'loud', qr/no rule "loud"/], ['--rules', 'n_plus_one', qr/queries that run/])
{
	($status, $out, $err) = check($queries, '--dsn', $dsn, @$case[0, 1]);
	is($status, 2, "@$case[0, 1]: exit 2");
	like($err, $case->[2], 'says why');
}
is($node->safe_psql('postgres', 'select count(*) from orders'), 1, 'the tables are as they were');

$node->stop;
done_testing();
