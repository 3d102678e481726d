// What OCA has ESLint refuse. Not set: "strict", since an addon's files are modules.
const js = require("@eslint/js");
const jsdoc = require("eslint-plugin-jsdoc");
const globals = require("globals");

module.exports = [
    js.configs.recommended,
    {
        files: ["**/*.cjs"],
        languageOptions: {globals: globals.node, sourceType: "commonjs"},
    },
    {
        files: ["*/static/src/**/*.js"],
        languageOptions: {ecmaVersion: 2024, globals: globals.browser, sourceType: "module"},
    },
    {
        plugins: {jsdoc},
        rules: {
            "init-declarations": "error",
            "jsdoc/check-tag-names": ["error", {definedTags: ["odoo-module"]}],
            "jsdoc/check-types": "error",
            "no-duplicate-imports": "error",
            "no-else-return": "error",
            "no-empty-function": "error",
            "no-eq-null": "error",
            "no-eval": "error",
            "no-implied-eval": "error",
            "no-lonely-if": "error",
            "no-param-reassign": "error",
            "no-return-assign": "error",
            "no-shadow": "error",
            "no-throw-literal": "error",
            "no-unneeded-ternary": "error",
            "no-unused-expressions": "error",
            "no-use-before-define": "error",
            "operator-assignment": ["error", "always"],
            "prefer-const": "error",
            eqeqeq: "error",
            radix: "error",
        },
    },
];
