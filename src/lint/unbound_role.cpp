// Whoever connects owns what the policies are about, or is exempt from them: they bind nobody.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

namespace {

constexpr size_t kMostNamed = 4;

} // namespace

void unbound_role(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    for (const UnboundRole &unbound : world.unbound_roles) {
        std::vector<std::string> named = unbound.relations;
        if (named.size() > kMostNamed) named.resize(kMostNamed);
        const size_t others = unbound.relations.size() - named.size();
        const std::string where =
            fmt::format("{}{}", fmt::join(named, ", "), others == 0 ? "" : fmt::format(" and {} more", others));
        Finding finding = start(rule);
        finding.level = Level::error;
        finding.object = "role:" + unbound.role;
        finding.message = fmt::format("{} may connect, and no policy of {} binds it", unbound.role, where);
        finding.detail = unbound.exempt ? "It has BYPASSRLS, and nobody else who may connect was granted anything."
                                        : "It owns what the policies are about, row level security is not forced, and "
                                          "nobody else who may connect was granted anything.";
        finding.hint = unbound.exempt ? "Take BYPASSRLS from whoever the application connects as."
                                      : "Let the application connect as a role that owns nothing, or force row level "
                                        "security on the tables.";
        if (unbound.exempt)
            finding.fix = fmt::format("ALTER ROLE {} NOBYPASSRLS;", unbound.role);
        else
            for (const std::string &relation : unbound.relations)
                finding.fix +=
                    fmt::format("{}ALTER TABLE {} FORCE ROW LEVEL SECURITY;", finding.fix.empty() ? "" : " ", relation);
        finding.evidence = "privilege";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
