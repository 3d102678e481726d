# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Cloud Platform S3",
    "summary": "The cloud platform with attachments in S3",
    "version": "3.0.0",
    "category": "Technical",
    "author": "Camptocamp, Avoin.Systems, Odoo Cloud Platform contributors",
    "website": "https://github.com/camptocamp/odoo-cloud-platform",
    "license": "AGPL-3",
    "development_status": "Beta",
    "depends": ["attachment_s3", "cloud_platform"],
}
