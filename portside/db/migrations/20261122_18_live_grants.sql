-- Whether an app may act on data of that mode now: on test data always, on live data while it is live and it is known
-- whose it is (apps.rules.may_grant_live). It is asked at every use, below the apps too, so that what was granted rests
-- and comes back with the app's own state, and nothing has to be ended and made again.
CREATE FUNCTION app_may_act(app uuid, mode text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN mode = 'test' OR EXISTS (
    SELECT FROM apps WHERE apps.id = app AND apps.live AND (
        apps.approved OR EXISTS (
            SELECT FROM app_origins WHERE app_origins.app_id = apps.id AND app_origins.verified_at IS NOT NULL
        )
    )
);
