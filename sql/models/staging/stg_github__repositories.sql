{% set shape = {
    'nameWithOwner': 'VARCHAR', 'isArchived': 'BOOLEAN', 'isFork': 'BOOLEAN', 'isEmpty': 'BOOLEAN',
    'licenseInfo': {'spdxId': 'VARCHAR'}, 'codeOfConduct': {'key': 'VARCHAR'},
    'contributingGuidelines': {'url': 'VARCHAR'}, 'isSecurityPolicyEnabled': 'BOOLEAN',
    'issueTemplates': [{'name': 'VARCHAR'}],
} %}

with newest as ({{ newest('github', 'repositories', shape) }})

select
    project_id,
    key as repository_id,
    node.nameWithOwner as full_name,
    coalesce(node.isArchived, false) as is_archived,
    coalesce(node.isFork, false) as is_fork,
    coalesce(node.isEmpty, false) as is_empty,
    node.licenseInfo is not null as has_license,
    node.codeOfConduct is not null as has_code_of_conduct,
    node.contributingGuidelines is not null as has_contributing_guide,
    node.isSecurityPolicyEnabled as has_security_policy,
    coalesce(len(node.issueTemplates), 0) > 0 as has_issue_template
from newest
