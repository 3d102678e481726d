/** @odoo-module **/

import {deserializeDateTime, formatDateTime} from "@web/core/l10n/dates";

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/**
 * @param {number} bytes
 * @returns {string} the size in a readable unit
 */
export function humanSize(bytes) {
    let size = bytes;
    let unit = 0;
    while (size >= 1000 && unit < UNITS.length - 1) {
        size /= 1000;
        unit += 1;
    }
    return `${unit ? size.toFixed(1) : size} ${UNITS[unit]}`;
}

/**
 * @param {number} number
 * @returns {string} the number with separators of thousands
 */
export function humanNumber(number) {
    return Math.round(number || 0)
        .toLocaleString("en")
        .replaceAll(",", "\u202f");
}

/**
 * @param {string} text UTC, for example "2026-01-31 12:00:00"
 * @returns {string} the time from now, for example "5 minutes ago"
 */
export function relativeTime(text) {
    return text ? deserializeDateTime(text).toRelative() : "";
}

/**
 * @param {string} text UTC
 * @returns {string} date and time in the user's form and zone
 */
export function localTime(text) {
    return text ? formatDateTime(deserializeDateTime(text)) : "";
}
