// A bucket whose files strangers may list by a policy that asks nothing about the file.
#include <algorithm>

#include <fmt/format.h>

#include "lint/all.hpp"
#include "lint/words.hpp"

namespace rlsproof::lint {

void storage_listing(const World &world, const Rule &rule, std::vector<Finding> &findings) {
    std::vector<std::string> done;
    for (const BucketListing &first : world.bucket_listings) {
        if (std::find(done.begin(), done.end(), first.bucket) != done.end()) continue;
        done.push_back(first.bucket);
        std::vector<std::string> personas, policies;
        const auto once = [](std::vector<std::string> &list, const std::string &text) {
            if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
        };
        for (const BucketListing &listing : world.bucket_listings)
            for (const Persona &persona : world.personas)
                if (listing.bucket == first.bucket && persona.name == listing.persona && is_stranger(persona)) {
                    once(personas, listing.persona);
                    once(policies, '"' + listing.policy + '"');
                }
        if (personas.empty()) continue;
        Finding finding = start(rule);
        finding.level = first.is_public ? Level::warning : Level::error;
        finding.object = "bucket:" + first.bucket;
        finding.message = first.is_public
                              ? fmt::format("{} can list every file of the bucket {}", listed(personas), first.bucket)
                              : fmt::format("{} can list and download every file of the private bucket {}",
                                            listed(personas), first.bucket);
        finding.detail = fmt::format(
            "The {} {} of storage.objects {} nothing about the file: neither its owner nor its "
            "folder.{}",
            policies.size() == 1 ? "policy" : "policies", listed(policies), policies.size() == 1 ? "asks" : "ask",
            first.is_public ? " A public bucket serves its files by URL without any policy." : "");
        finding.hint = "Compare the owner or the first folder of the name with the caller, or ask for a role that only "
                       "the server gives.";
        finding.evidence = "proof";
        findings.push_back(std::move(finding));
    }
}

} // namespace rlsproof::lint
