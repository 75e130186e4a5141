-- The first response to each issue: the first comment by somebody else who is a person.
--
-- CHAOSS: Time to First Response (https://chaoss.community/kb/metric-time-to-first-response/), which leaves bots and the
-- author to whoever counts; github/issue-metrics (https://github.com/github-community-projects/issue-metrics) leaves out
-- bots, the author and ignored users, too. Unlike the latter, a comment that is gone since does not count, and closing
-- or labelling is no response.
--
-- Nobody's comment counts if its account is gone (no actor, or `ghost`): whether it was the author's is unknown. Nor does
-- a bot's (GitHub says so, or the login ends in `[bot]`), nor that of a login the team ignores, nor one that was
-- deleted later. An author whose account is gone is nobody, so anybody responds to it.
SELECT issue_id, MIN(occurred_s) AS responded_s
FROM events
WHERE event = 'issue_comment'
    AND action = 'created'
    AND actor IS NOT NULL
    AND actor <> 'ghost'
    AND actor <> COALESCE(author, '')
    AND COALESCE(actor_type, 'User') <> 'Bot'
    AND LOWER(actor) NOT LIKE '%[bot]'
    AND LOWER(actor) NOT IN (SELECT LOWER(login) FROM ignored)
    AND COALESCE(comment_id, 0) NOT IN (
        SELECT comment_id
        FROM events
        WHERE event = 'issue_comment' AND action = 'deleted' AND comment_id IS NOT NULL
    )
    AND occurred_s >= COALESCE(created_s, 0)
GROUP BY issue_id
