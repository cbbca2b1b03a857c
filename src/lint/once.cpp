#include "lint/once.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rlsproof::lint {

namespace {

constexpr const char *kThen = " Once that is mended, ";

// The finding of this rule about the object, or none.
Finding *of(std::vector<Finding> &findings, std::string_view rule, const std::string &object) {
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [&](const Finding &f) { return f.rule == rule && f.object == object; });
    return found == findings.end() ? nullptr : &*found;
}

// Nothing that was said gets weaker by being said once.
void take_in(Finding &kept, const Finding &other, const std::string &added) {
    kept.level = std::min(kept.level, other.level);
    kept.category = std::min(kept.category, other.category);
    if (other.evidence == "execution") kept.evidence = other.evidence;
    kept.detail += added;
}

// A function that does not ask who is calling: who may call it, and whom it takes its caller for.
void calls(std::vector<Finding> &findings) {
    std::set<std::string> told;
    for (Finding &identity : findings) {
        if (identity.rule != "definer_identity") continue;
        Finding *function = of(findings, "definer_function", identity.object);
        if (function == nullptr) continue;
        // What it touches is not known: that is something else to say.
        if (function->level == Level::note && identity.level != Level::note) continue;
        // Whoever may call it for anybody is among those that the one about identity speaks of, so its fix does for
        // both. A yes or no about somebody is said after what anybody may write.
        const bool turned = function->level < identity.level;
        Finding &kept = turned ? *function : identity;
        const Finding other = turned ? identity : *function;
        kept.fix = identity.fix;
        take_in(kept, other, fmt::format(" The rule {} says the same of it: {}.", other.rule, other.message));
        told.insert(other.key);
    }
    std::erase_if(findings, [&](const Finding &f) { return told.contains(f.key); });
}

// Files that a policy lists for asking nothing about them, and that were seen to be listed.
void listings(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings) {
    std::set<std::string> told;
    for (Finding &listing : findings) {
        if (listing.rule != "storage_listing") continue;
        const Finding *open = of(findings, "open", listing.object);
        if (open == nullptr) continue;
        // Who is let in by another policy, or does more than look, is another cause.
        const bool same = std::all_of(cells.begin(), cells.end(), [&](const Cell &cell) {
            if (cell.object != listing.object || cell.verdict != Verdict::open || !row_wise(cell.command)) return true;
            return cell.command == Command::select &&
                   std::any_of(world.bucket_listings.begin(), world.bucket_listings.end(), [&](const BucketListing &l) {
                       return "bucket:" + l.bucket == cell.object && l.persona == cell.persona;
                   });
        });
        if (!same) continue;
        take_in(listing, *open, " Seen: " + open->detail);
        told.insert(open->key);
    }
    std::erase_if(findings, [&](const Finding &f) { return told.contains(f.key); });
}

// A listing that fails for everybody whom its policy lets in: nobody lists anything before that is mended.
void failures(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings) {
    std::set<std::string> told;
    for (const Finding &listing : findings) {
        if (listing.rule != "storage_listing") continue;
        Finding *broken = of(findings, "broken", listing.object);
        if (broken == nullptr) continue;
        const bool fails =
            std::all_of(world.bucket_listings.begin(), world.bucket_listings.end(), [&](const BucketListing &l) {
                return "bucket:" + l.bucket != listing.object ||
                       std::any_of(cells.begin(), cells.end(), [&](const Cell &cell) {
                           return cell.object == listing.object && cell.persona == l.persona &&
                                  cell.command == Command::select && cell.verdict == Verdict::error;
                       });
            });
        if (!fails) continue;
        // Not before, so that it stays what it is: a permission that does not work.
        broken->detail += fmt::format("{}{}.", kThen, listing.message);
        told.insert(listing.key);
    }
    std::erase_if(findings, [&](const Finding &f) { return told.contains(f.key); });
}

constexpr std::string_view kStep = " → ";

// What makes statements fail that goes for many objects, and what it names.
struct Cause {
    std::string text;
    std::string table;
};

// A circle is the same wherever it is come upon: it is told from its first step in the alphabet on.
std::string from_its_first(const std::string &way) {
    std::vector<std::string> steps;
    for (size_t at = 0; at != std::string::npos;) {
        const size_t end = way.find(kStep, at);
        steps.push_back(way.substr(at, end == std::string::npos ? end : end - at));
        at = end == std::string::npos ? end : end + kStep.size();
    }
    steps.pop_back(); // where it began
    std::rotate(steps.begin(), std::min_element(steps.begin(), steps.end()), steps.end());
    return fmt::format("{}", fmt::join(steps, kStep));
}

// Why it fails, as the server says it, where it says what of: "42P17: infinite recursion detected in policy for
// relation "x"", "42501: permission denied for function y". That the stack was full says it with the circle that filled
// it. Nothing for failures of another kind.
Cause cause_of(const Finding &finding) {
    if (finding.rule != "broken") return {};
    const std::string &message = finding.message;
    if (const size_t full = message.find(": 54001: "); full != std::string::npos) {
        const size_t way = message.find(" (", full), last = message.rfind(kStep);
        if (way == std::string::npos || last == std::string::npos || last < way || !message.ends_with(")")) return {};
        const std::string circle = message.substr(way + 2, message.size() - way - 3);
        return {"54001: " + from_its_first(circle), circle.substr(circle.rfind(kStep) + kStep.size())};
    }
    const size_t at = message.find(": 42");
    if (at == std::string::npos) return {};
    const size_t from = at + std::string_view(": ").size();
    const std::string text = message.substr(from, message.find(" (", from) - from);
    std::string word = text.substr(text.rfind(' ') + 1);
    std::erase(word, '"');
    return {text, word};
}

// Statements that go round in a circle of policies, whatever they are.
bool is_circle(const std::string &cause) {
    return cause.starts_with("42P17") || cause.starts_with("54001");
}

// Policies that read each other in a circle fail for every table that leads into it, and those that call a function
// that nobody may call for every table that has them: mended is the one thing.
void alike(std::vector<Finding> &findings) {
    constexpr size_t kFew = 3, kMostNamed = 12;
    std::map<std::pair<std::string, Level>, std::vector<Finding *>> by_cause;
    for (Finding &finding : findings)
        if (const std::string cause = cause_of(finding).text; !cause.empty())
            by_cause[{cause, is_circle(cause) ? Level::error : finding.level}].push_back(&finding);
    std::set<std::string> told;
    for (auto &[cause, failing] : by_cause) {
        if (failing.size() < kFew) continue;
        const std::string named = cause_of(*failing.front()).table;
        const auto itself = std::find_if(failing.begin(), failing.end(), [&](const Finding *f) {
            return f->object == named || f->object.ends_with("." + named);
        });
        std::iter_swap(failing.begin(), itself == failing.end() ? failing.begin() : itself);
        std::vector<std::string> others;
        for (size_t i = 1; i < failing.size(); i++) {
            others.push_back(failing[i]->object);
            told.insert(failing[i]->key);
            // What it would be then is of that object alone.
            const size_t then = failing[i]->detail.find(kThen);
            take_in(*failing.front(), *failing[i], then == std::string::npos ? "" : failing[i]->detail.substr(then));
        }
        const size_t more = others.size() - std::min(others.size(), kMostNamed);
        others.resize(others.size() - more);
        failing.front()->message += fmt::format("; so do {} others", failing.size() - 1);
        failing.front()->detail += fmt::format(" For the same reason {}{} fail.", fmt::join(others, ", "),
                                               more == 0 ? "" : fmt::format(" and {} more", more));
    }
    std::erase_if(findings, [&](const Finding &f) { return told.contains(f.key); });
}

} // namespace

void tell_once(const World &world, const std::vector<Cell> &cells, std::vector<Finding> &findings) {
    calls(findings);
    listings(world, cells, findings);
    failures(world, cells, findings);
    alike(findings);
}

} // namespace rlsproof::lint
