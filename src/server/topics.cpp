#include "model/world.hpp"

#include "server/topics.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "server/identity.hpp"
#include "server/personas.hpp"
#include "server/probe.hpp"
#include "server/spi.hpp"
#include "server/subtransaction.hpp"
#include "server/time_limit.hpp"
#include "server/witness.hpp"

namespace rlsproof::server {

namespace {

constexpr const char *kMessages = "realtime.messages";
constexpr const char *kSetting = "realtime.topic";
constexpr size_t kMostTopics = 80;

// That no row holds: nobody has a right to what is called so.
constexpr const char *kNobodys[] = {"70b1c000-0000-4000-8000-00000000e15e", "700150"};

// What the policies of the table say, and the functions that they call by name.
constexpr const char *kWords = R"(
with said as (
    select coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid), '') || ' '
           || coalesce(pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), '') as text
    from pg_catalog.pg_policy p where p.polrelid = $1::oid),
called as (
    select coalesce(pg_catalog.pg_get_function_sqlbody(f.oid), f.prosrc) as text from pg_catalog.pg_proc f, said
    where f.oid >= 16384 and pg_catalog.strpos(said.text, pg_catalog.quote_ident(f.proname) || '(') > 0)
select distinct m[1] from (select text from said union all select text from called) t,
     pg_catalog.regexp_matches(t.text, $a$'\^?([[:alnum:]_:./%-]{1,40})'$a$, 'g') m order by 1 limit 12)";

// Names that begin as the policies want them, and go on with what is nobody's.
std::vector<std::string> topics_of(Oid table) {
    std::vector<std::string> result;
    const auto add = [&](std::string topic) {
        if (result.size() < kMostTopics && std::find(result.begin(), result.end(), topic) == result.end())
            result.push_back(std::move(topic));
    };
    const Rows words = query(kWords, {std::to_string(table)});
    for (const char *nobodys : kNobodys) {
        add(nobodys);
        for (size_t i = 0; i < words.size(); i++) {
            const std::string &word = words.text(i, 0);
            const bool whole = isalnum((unsigned char)word.back()) != 0 && word.find('%') == std::string::npos;
            for (const char *between : {":", "-", "_", "/", "."}) {
                std::string topic = word;
                if (whole) topic += between;
                if (word.find('%') == std::string::npos) topic += '%';
                for (size_t at = topic.find('%'); at != topic.npos; at = topic.find('%', at + 1))
                    topic.replace(at, 1, nobodys);
                add(topic);
                if (!whole) break;
            }
        }
    }
    return result;
}

bool is_open(const Cell &cell) {
    return cell.verdict == Verdict::open || cell.verdict == Verdict::leak;
}

std::string message_in(const std::string &topic, const char *extension) {
    return fmt::format("insert into {} (topic, extension, private) values ({}, '{}', true)", kMessages,
                       quote_literal(topic), extension);
}

} // namespace

void add_topics(const World &world, const Persona &persona, const Stage &stage, std::vector<Cell> &cells) {
    const Relation *relation = world.relation(kMessages);
    const Reach *reach = relation != nullptr ? relation->reach_of(persona.name) : nullptr;
    if (reach == nullptr || !reach->row_security || !stage.triggers_off()) return;
    const std::vector<std::string> topics = topics_of(relation->id);
    for (Cell &cell : cells) {
        const bool listens = cell.command == Command::select;
        if (cell.object != kMessages || (!listens && cell.command != Command::insert) || cell.expected != "none" ||
            is_open(cell) || !reach->commands.contains(cell.command))
            continue;
        for (const std::string &topic : topics) {
            Observation observation;
            long reached = 0;
            for (const char *extension : {"broadcast", "presence"}) {
                if (reached > 0) continue;
                const std::string sends = message_in(topic, extension);
                const std::string hears =
                    fmt::format("select * from {} where topic = {}", kMessages, quote_literal(topic));
                observation.statement =
                    fmt::format("set local {} = {}; {}", kSetting, quote_literal(topic), listens ? hears : sends);
                observation.made = listens ? sends : "";
                observation.outcome = attempt(Finish::rollback, [&] {
                    if (listens) (void)execute(sends);
                    assume(identity_of(persona));
                    set_locally(kSetting, topic); // whatever else it says of itself
                    reached = in_time([&] { return listens ? (long)query(hears, {}, false).size() : execute(sends); });
                });
                if (!observation.outcome.ok) reached = 0;
            }
            if (reached == 0) continue;
            cell.verdict = cell.declared ? Verdict::leak : Verdict::open;
            cell.evidence = Evidence::execution;
            cell.reached = 1;
            cell.there = 2;
            cell.personal = stage.personal(*stage.tables().of(relation->id));
            cell.reason = fmt::format("a topic that is nobody's was {}, '{}': whoever {} chooses it, and the policies "
                                      "ask for no more than its name",
                                      listens ? "heard" : "sent to", topic, listens ? "listens" : "sends");
            cell.witness = witness(persona, observation, "");
            break;
        }
    }
}

} // namespace rlsproof::server
