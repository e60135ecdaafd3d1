-- What the administration of policies needs besides: shadows, role-based permissions of groups, descriptions of users, and
-- the bindings of one policy at one level. What there is already is no shadow.

-- +goose Up

ALTER TABLE policies ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0 CHECK (shadow IN (0, 1));
ALTER TABLE bindings ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0 CHECK (shadow IN (0, 1));
ALTER TABLE user_groups ADD COLUMN permissions TEXT NOT NULL DEFAULT '[]' CHECK (json_type(permissions) = 'array');
ALTER TABLE users ADD COLUMN description TEXT NOT NULL DEFAULT '';

CREATE INDEX bindings_level_policy ON bindings (level_type, level_id, policy_uuid, id);
