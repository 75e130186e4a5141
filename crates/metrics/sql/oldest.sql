-- The 25 oldest issues that are open. CHAOSS: Issue Age (https://chaoss.community/kb/metric-issue-age/).
SELECT
    repository,
    issue_number,
    issue_url,
    title,
    created_s,
    responded_s,
    labels,
    assignee
FROM outcomes
WHERE state = 'open'
ORDER BY created_s, repository, issue_number
LIMIT 25
